/** What happens to a message while the same one is being handled. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  batch,
  failing,
  failureOf,
  messagesOf,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { enterScope, Message } from "../message/message.ts";
import type { Store } from "../message/store.ts";
import { deduplicate, type DeduplicateOptions } from "./deduplicate.ts";
import { memoryStore } from "./memory_store.ts";

const broken = new Error("broken");

function make(options: Partial<DeduplicateOptions> = {}) {
  const store = options.store ?? memoryStore();
  const key = (message: Message) => message.text();
  return { store, middleware: deduplicate({ store, key, ...options }) };
}

async function nackOf(message: Message): Promise<{ delay?: number; reason?: unknown }> {
  const settled = await message.settled();
  assert(settled.kind === "nacked");
  return settled;
}

describe("deduplicate, of what is being handled", () => {
  it("waits for what is being handled, acks it then, and calls nothing", () =>
    withFakeTime(async (time) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let calls = 0;
      const { middleware, store } = make({ lease: 1_000 });
      const handle = middleware(() => {
        calls++;
        return promise;
      });
      const first = handle(single(new Message("a")));
      await time.tickAsync(100);
      const second = new Message("a");
      const waiting = handle(single(second));
      await time.tickAsync(10_000);
      assertEquals([second.state, (await store.claim("bill:a", 1)).kind], ["pending", "in-flight"]);
      resolve();
      await first;
      await time.tickAsync(1_000);
      await waiting;
      assertEquals([second.state, calls], ["acked", 1]);
      assertEquals(time.next(), false);
    }));

  it("asks for what is being handled after 10 ms, and twice as long each time up to a second", () =>
    withFakeTime(async (time) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const inner = memoryStore();
      const asked: number[] = [];
      const store: Store = {
        ...inner,
        claim(key, lease) {
          asked.push(time.now);
          return inner.claim(key, lease);
        },
      };
      const handle = make({ store, lease: 60_000 }).middleware(() => promise);
      const first = handle(single(new Message("a")));
      const waiting = handle(single(new Message("a")));
      await time.tickAsync(4_000);
      assertEquals(asked.slice(1), [0, 10, 30, 70, 150, 310, 630, 1_270, 2_270, 3_270]);
      resolve();
      await first;
      await time.tickAsync(1_000);
      await waiting;
    }));

  it("handles what has waited for a handler that failed", () =>
    withFakeTime(async (time) => {
      const { promise, reject } = Promise.withResolvers<void>();
      let calls = 0;
      const handle = make().middleware(() => ++calls === 1 ? promise : undefined);
      const first = failureOf(() => handle(single(new Message("a"))));
      await time.tickAsync(100);
      const waiting = handle(single(new Message("a")));
      await time.tickAsync(100);
      assertEquals(calls, 1);
      reject(broken);
      assertStrictEquals(await first, broken);
      await time.tickAsync(1_000);
      await waiting;
      assertEquals(calls, 2);
    }));

  it("nacks what waits when its work is to stop", () =>
    withFakeTime(async (time) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const handle = make().middleware(() => promise);
      const first = handle(single(new Message("a")));
      const second = new Message("a");
      const scope = enterScope(second);
      const waiting = handle(single(second));
      await time.tickAsync(100);
      scope.abort(new Error("shutdown"));
      await waiting;
      assertEquals((await nackOf(second)).reason, new Error("The same message is being handled"));
      resolve();
      await first;
      assertEquals(time.next(), false);
    }));

  it("nacks what waits also where a store says of a claim that it has just ended, or never will", async () => {
    for (const [retryAfter, delay] of [[-2, 0], [Infinity, 9_000]]) {
      const claim = () => Promise.resolve({ kind: "in-flight", retryAfter } as never);
      const { middleware } = make({ store: { ...memoryStore(), claim }, lease: 9_000 });
      const message = new Message("a");
      enterScope(message).abort(new Error("shutdown"));
      await middleware(() => {})(single(message));
      assertEquals((await nackOf(message)).delay, delay);
    }
  });

  it("asks again when the first of several claims ends, and after a millisecond at the soonest", () =>
    withFakeTime(async (time) => {
      const asked: string[] = [];
      const answers: Record<string, number[]> = { a: [5, 0, 0], b: [1_000, 1_000, 1_000] };
      const store: Store = {
        ...memoryStore(),
        claim(key) {
          const name = key.slice(-1);
          asked.push(`${name} ${time.now}`);
          const retryAfter = answers[name]!.shift();
          return Promise.resolve(
            retryAfter === undefined ? { kind: "done" } : { kind: "in-flight", retryAfter },
          );
        },
      };
      const handled = make({ store }).middleware(failing())(batch(messagesOf("a", "b")));
      await time.tickAsync(100);
      await handled;
      const times = [0, 5, 6, 7];
      assertEquals(asked, times.flatMap((at) => [`a ${at}`, `b ${at}`]));
    }));
});
