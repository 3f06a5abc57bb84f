import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  remembering,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import type { Produced, Work } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import type { Store } from "../message/store.ts";
import { deduplicate, type DeduplicateOptions } from "./deduplicate.ts";
import { memoryStore } from "./memory_store.ts";

const broken = new Error("broken");
const down = new Error("store down");
const byText = (message: Message) => message.text();

/** Lets promises settle that nobody waits for. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

function make(options: Partial<DeduplicateOptions> = {}) {
  const store = options.store ?? memoryStore();
  return { store, middleware: deduplicate({ store, key: byText, ...options }) };
}

async function nackOf(message: Message): Promise<{ delay?: number; reason?: unknown }> {
  const settled = await message.settled();
  assert(settled.kind === "nacked");
  return settled;
}

describe("deduplicate", () => {
  it("handles 6 equal and 2 equal messages with 2 calls, and acks the others", async () => {
    for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
      const handler = failing();
      const handle = make().middleware(shape(handler));
      const messages = messagesOf("a", "a", "b", "a", "b", "a", "a", "a");
      for (const message of messages) await handle(single(message));
      assertEquals(handler.calls.length, 2);
      const states = messages.map(({ state }) => state);
      assertEquals(states.filter((state) => state === "acked").length, 6);
      assertEquals([states[0], states[2]], ["pending", "pending"]);
    }
  });

  it("tells messages apart by their uuid unless told otherwise", async () => {
    const handler = failing();
    const handle = deduplicate({ store: memoryStore() })(handler);
    for (const uuid of ["1", "2", "1"]) await handle(single(new Message("", { uuid })));
    assertEquals(handler.calls.length, 2);
  });

  it("does not take what one handler did for what another did", async () => {
    const handler = failing();
    const handle = make().middleware(handler);
    await handle(single(new Message("a"), { handler: "bill" }));
    await handle(single(new Message("a"), { handler: "ship" }));
    assertEquals(handler.calls.length, 2);
  });

  it("gives the key free when the handler fails, so that the next delivery is handled", async () => {
    const handler = failing(broken);
    const handle = make().middleware(handler);
    const message = new Message("a");
    assertStrictEquals(await failureOf(() => handle(single(message))), broken);
    assertEquals(message.state, "pending");
    await handle(single(message));
    await handle(single(new Message("a")));
    assertEquals(handler.calls.length, 2);
  });

  it("gives the key free when the handler nacks", async () => {
    let calls = 0;
    const handle = make().middleware(({ messages: [message] }) => {
      if (++calls === 1) message.nack();
    });
    for (let i = 0; i < 3; i++) await handle(single(new Message("a")));
    assertEquals(calls, 2);
  });

  it("marks what the handler acked, even if it fails then", async () => {
    let calls = 0;
    const handle = make().middleware(({ messages: [message] }) => {
      calls++;
      message.ack();
      throw broken;
    });
    await failureOf(() => handle(single(new Message("a"))));
    await handle(single(new Message("a")));
    assertEquals(calls, 1);
  });

  it("takes no handler and key for another handler and key", async () => {
    const store = memoryStore();
    const handler = failing();
    for (const [name, key] of [["bill", "eu:1"], ["bill:eu", "1"], ["bill%3Aeu", "1"]] as const) {
      await deduplicate({ store, key: () => key })(handler)(single(undefined, { handler: name }));
    }
    assertEquals(handler.calls.length, 3);
  });

  it("handles again after the time to remember", () =>
    withFakeTime(async (time) => {
      const handler = failing();
      const handle = make({ ttl: 1_000 }).middleware(handler);
      await handle(single(new Message("a")));
      time.tick(1_000);
      await handle(single(new Message("a")));
      assertEquals(handler.calls.length, 2);
    }));

  describe("with a batch", () => {
    it("passes on each key once, and acks the others", async () => {
      const { middleware } = make();
      await middleware(() => {})(single(new Message("done")));
      const messages = messagesOf("a", "done", "a", "b");
      let seen: Work | undefined;
      await middleware((work) => void (seen = work))(batch(messages));
      assertEquals(seen?.messages, [messages[0], messages[3]]);
      assertEquals(messages.map(({ state }) => state), ["pending", "acked", "acked", "pending"]);
      await middleware(() => {})(batch(messagesOf("a", "b")));
    });

    it("leaves equal ones to what becomes of all of it, when something is produced", async () => {
      const { middleware } = make();
      const messages = messagesOf("a", "a");
      const seen: number[] = [];
      const handle = middleware((work) => {
        seen.push(work.messages.length);
        return new Message("paid");
      });
      await handle(batch(messages));
      assertEquals([seen, messages.map(({ state }) => state)], [[1], ["pending", "pending"]]);
      for (const message of messages) message.ack();
    });

    it("handles an equal one when the first is nacked", async () => {
      const messages = messagesOf("a", "a");
      const handler = ({ messages: [message] }: Work) => {
        if (message === messages[0]) message!.nack();
        return new Message("paid");
      };
      const produced = await make().middleware(handler)(batch(messages));
      assertEquals(messages.map(({ state }) => state), ["nacked", "pending"]);
      assertEquals((produced as Message[]).length, 2);
      messages[1]!.ack();
    });

    it("waits a lease for what another call handles, and nacks it then", () =>
      withFakeTime(async (time) => {
        time.tick(5_000);
        const { promise, resolve } = Promise.withResolvers<void>();
        const { middleware } = make({ lease: 1_000 });
        const first = middleware(() => promise)(single(new Message("a")));
        const messages = messagesOf("a", "b");
        const waiting = middleware(() => {})(batch(messages));
        await time.tickAsync(900);
        assertEquals(messages[0]!.state, "pending");
        await time.tickAsync(1_100);
        await waiting;
        assert((await nackOf(messages[0]!)).delay! > 0);
        assertEquals(messages[1]!.state, "pending");
        resolve();
        await first;
      }));

    it("does not call when nothing is left", async () => {
      const { middleware } = make();
      await middleware(() => {})(batch(messagesOf("a", "b")));
      const handler = failing();
      await middleware(handler)(batch(messagesOf("b", "a")));
      assertEquals(handler.calls.length, 0);
    });

    it("marks what was acked and frees the rest when it fails", async () => {
      const { middleware } = make();
      await failureOf(() =>
        middleware(({ messages }) => {
          messages[0].ack();
          throw broken;
        })(batch(messagesOf("a", "b")))
      );
      const handler = failing();
      await middleware(handler)(batch(messagesOf("a", "b")));
      assertEquals(handler.calls.map(({ messages }) => messages.map(byText)), [["b"]]);
    });
  });

  describe("when something is produced", () => {
    const produce = (): Produced => new Message("paid");

    it("marks the key when the message is acked", async () => {
      const { middleware, store } = make();
      const message = new Message("a");
      await middleware(produce)(single(message));
      assertEquals((await store.claim("bill:a", 1)).kind, "in-flight");
      message.ack();
      await turn();
      assertEquals((await store.claim("bill:a", 1)).kind, "done");
    });

    it("holds the claim until the message is settled, and leaves no timer", () =>
      withFakeTime(async (time) => {
        const logger = remembering();
        const { middleware, store } = make({ lease: 1_000 });
        const messages = messagesOf("a", "b");
        await middleware(produce)(batch(messages, { logger }));
        await time.tickAsync(10_000);
        for (const key of ["bill:a", "bill:b"]) {
          assertEquals((await store.claim(key, 1)).kind, "in-flight");
        }
        messages[0]!.ack();
        await time.tickAsync(10_000);
        assertEquals((await store.claim("bill:a", 1)).kind, "done");
        assertEquals((await store.claim("bill:b", 1)).kind, "in-flight");
        messages[1]!.nack();
        await time.tickAsync(0);
        assertEquals(time.next(), false);
        assertEquals(logger.lines, []);
      }));

    it("frees the key when the message is nacked, as it is when publishing fails", async () => {
      const { middleware, store } = make();
      const message = new Message("a");
      await middleware(produce)(single(message));
      message.nack();
      await turn();
      assertEquals((await store.claim("bill:a", 1)).kind, "claimed");
    });

    it("handles the same message again when it comes again unsettled, and leaves no timer", () =>
      withFakeTime(async (time) => {
        let calls = 0;
        const { middleware, store } = make();
        const handle = middleware(() => {
          calls++;
          return new Message("paid");
        });
        const message = new Message("a");
        await handle(single(message));
        await handle(single(message));
        assertEquals([calls, message.state], [2, "pending"]);
        message.ack();
        await time.tickAsync(0);
        assertEquals((await store.claim("bill:a", 1)).kind, "done");
        assertEquals(time.next(), false);
      }));
  });

  describe("when a message is handled several times before it is settled", () => {
    it("tells of no lost claim where the handler produced first, failed then, and gave nothing", () =>
      withFakeTime(async (time) => {
        const logger = remembering();
        const { middleware, store } = make();
        const outcomes: (() => Produced)[] = [() => new Message("paid"), () => {
          throw broken;
        }, () => {}];
        const handle = middleware(() => outcomes.shift()!());
        const message = new Message("a");
        const work = single(message, { logger });
        await handle(work);
        assertStrictEquals(await failureOf(() => handle(work)), broken);
        await handle(work);
        message.ack();
        await time.tickAsync(0);
        assertEquals(logger.lines, []);
        assertEquals((await store.claim("bill:a", 1)).kind, "done");
        assertEquals(time.next(), false);
      }));
  });

  describe("when the store fails", () => {
    const failingStore = (method: keyof Store): Store => ({
      ...memoryStore(),
      [method]: () => Promise.reject(down),
    });

    it("fails the message without a call, and acks nothing", async () => {
      const handler = failing();
      const handle = make({ store: failingStore("claim") }).middleware(handler);
      const message = new Message("a");
      assertStrictEquals(await failureOf(() => handle(single(message))), down);
      assertEquals([handler.calls.length, message.state], [0, "pending"]);
      const messages = messagesOf("a", "b");
      await handle(batch(messages));
      assertEquals(handler.calls.length, 0);
      for (const message of messages) assertStrictEquals((await nackOf(message)).reason, down);
    });

    eachForm((form, makeWork) => {
      it(`handles all without knowing when told to pass, ${form}`, async () => {
        const logger = remembering();
        const handler = failing();
        const store = failingStore("claim");
        const work = { ...makeWork(), logger };
        await make({ store, onStoreError: "pass" }).middleware(handler)(work);
        assertEquals(handler.calls[0].messages, work.messages);
        assertEquals(logger.lines.map(({ attributes }) => attributes.error), [
          ...work.messages.map(() => down),
        ]);
      });
    });

    it("is content when only the mark fails: the effect is there", async () => {
      const logger = remembering();
      const handle = make({ store: failingStore("done") }).middleware(() => {});
      await handle(single(new Message("a"), { logger }));
      assertEquals(logger.lines.map(({ attributes }) => attributes.error), [down]);
    });

    it("keeps the handler's error when only giving free fails", async () => {
      const handle = make({ store: failingStore("release") }).middleware(failing(broken));
      assertStrictEquals(await failureOf(() => handle(single(new Message("a")))), broken);
    });
  });

  it("fails a message without a key, whatever the store may do", async () => {
    const key = ({ metadata }: Message) => metadata.get("id") as string;
    const handler = failing();
    const handle = make({ key, onStoreError: "pass" }).middleware(handler);
    const error = await failureOf(() => handle(single()));
    assert(error instanceof TypeError && error.message.includes("'key'"));
    assertEquals(handler.calls.length, 0);
  });

  it("refuses malformed options", () => {
    const store = memoryStore();
    assertThrows(() => deduplicate({} as never), TypeError, "'store' must be a Store");
    assertThrows(() => deduplicate({ store: { claim() {} } as never }), TypeError, "a Store");
    assertThrows(() => deduplicate({ store, lease: 0 }), RangeError, "'lease'");
    assertThrows(() => deduplicate({ store, ttl: 0 }), RangeError, "'ttl'");
    assertThrows(() => deduplicate({ store, onStoreError: "ack" as never }), RangeError, "pass");
  });
});
