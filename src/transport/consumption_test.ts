import { assert, assertEquals, assertRejects, unreachable } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloseTimeoutError } from "../message/errors.ts";
import { fields } from "../message/codec.ts";
import type { Message } from "../message/message.ts";
import { checkHeaders } from "../message/names.ts";
import { consume } from "./consumption.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ModelBroker } from "./testdata/model_broker.ts";

const EACH = { settle: "each", requeue: "broker", counts: true } as const;

describe("consume()", () => {
  it("acks what its handler returns from, and commits the prefix", async () => {
    const broker = new ModelBroker();
    const seen: string[] = [];
    const consumption = await start(broker, (message) => void seen.push(message.uuid));
    for (const id of ["a", "b", "c"]) broker.publish(id);
    await settle();
    assertEquals(seen, ["a", "b", "c"]);
    assertEquals(broker.committed(0), 3);
    assertEquals(consumption.stats().acked, 3);
    assertEquals(consumption.stats().inFlight, 0);
    await consumption.close();
  });

  it("commits only the contiguous prefix when handlers end out of order", async () => {
    const broker = new ModelBroker();
    const ends = new Map<string, () => void>();
    const consumption = await start(
      broker,
      (message) => new Promise<void>((resolve) => ends.set(message.uuid, resolve)),
      { workers: 3 },
    );
    for (const id of ["a", "b", "c"]) broker.publish(id);
    await settle();
    ends.get("b")!();
    ends.get("c")!();
    await settle();
    assertEquals(broker.committed(0), 0);
    ends.get("a")!();
    await settle();
    assertEquals(broker.committed(0), 3);
    await consumption.close();
  });

  it("retries in its place, and nothing of its key passes", () =>
    withTime(async (time) => {
      const broker = new ModelBroker();
      const calls: string[] = [];
      const consumption = await start(broker, (message) => {
        calls.push(`${message.uuid}${message.attempt}`);
        if (message.uuid === "a" && message.attempt < 3) throw new Error("not yet");
      }, { retry: { maxRetries: 2, jitter: "none" }, ordered: "key", workers: 4 });
      broker.publish("a", "k");
      broker.publish("b", "k");
      broker.publish("c", "other");
      await settle();
      assertEquals(calls, ["a1", "c1"]);
      await time.tickAsync(100);
      assertEquals(calls, ["a1", "c1", "a2"]);
      await time.tickAsync(200);
      await settle();
      assertEquals(calls, ["a1", "c1", "a2", "a3", "b1"]);
      assertEquals(broker.committed(0), 3);
      await consumption.close();
    }));

  it("lets the broker wait out a nack where it can, and counts its deliveries as attempts", () =>
    withTime(async (time) => {
      const broker = new ModelBroker(EACH);
      const attempts: number[] = [];
      const consumption = await start(broker, (message) => {
        attempts.push(message.attempt);
        if (attempts.length < 3) message.nack({ delay: 500 });
      }, { retry: 5 });
      broker.publish("a");
      await settle();
      assertEquals(attempts, [1]);
      assertEquals(consumption.stats().inFlight, 0);
      await time.tickAsync(499);
      assertEquals(attempts, [1]);
      await time.tickAsync(1);
      assertEquals(attempts, [1, 2]);
      await time.tickAsync(500);
      assertEquals(attempts, [1, 2, 3]);
      await consumption.close();
      assert(broker.records[0]!.acked);
    }));

  it("publishes a dead letter when the budget is used up, and acks when it is confirmed", async () => {
    const broker = new ModelBroker();
    const letters: Message[] = [];
    const consumption = await start(broker, () => {
      throw new TypeError("no such order");
    }, {
      deadLetter: {
        topic: "orders.dead",
        handler: "pay",
        publish: (letter) => Promise.resolve(void letters.push(letter)),
      },
    });
    broker.publish("a", "k", 0, new Uint8Array([0, 255]));
    await settle();
    assertEquals(letters.map((letter) => letter.uuid), ["a"]);
    const [letter] = letters;
    assertEquals(letter!.payload, new Uint8Array([0, 255]));
    assertEquals(letter!.metadata.get("dlq_reason"), "TypeError: no such order");
    assertEquals(letter!.metadata.get("dlq_handler"), "pay");
    assertEquals(letter!.metadata.get("dlq_topic"), "orders");
    assertEquals(letter!.metadata.get("dlq_attempts"), "1");
    assertEquals(broker.committed(0), 1);
    await consumption.close();
  });

  it("makes a dead letter that every broker can carry of what its codec refuses", async () => {
    const broker = new ModelBroker();
    const letters: Message[] = [];
    const consumption = await start(broker, () => unreachable(), {
      codec: {
        encode: (message, context) => fields.encode(message, context),
        decode: () => {
          throw new SyntaxError(`bad \x1b[31m${"😀".repeat(600)}`);
        },
      },
      deadLetter: {
        topic: "orders.dead",
        handler: "pay",
        publish: (letter) => Promise.resolve(void letters.push(letter)),
      },
    });
    broker.publish("a", "k", 0, new Uint8Array([0, 255]), [["a b", "c\nd"]]);
    await settle();
    const [letter] = letters;
    assertEquals([letter!.uuid, letter!.key, letter!.payload], [
      "a",
      "k",
      new Uint8Array([0, 255]),
    ]);
    checkHeaders("publish", [...letter!.metadata]);
    assertEquals(letter!.metadata.get("a_x20_b"), "c d");
    const reason = letter!.metadata.get("dlq_reason")!;
    assertEquals([reason.startsWith("SyntaxError: bad  [31m😀"), reason.length], [true, 1_000]);
    await consumption.close();
  });

  it("retries only the publishing of a dead letter, and tells that it stalls", () =>
    withTime(async (time) => {
      const broker = new ModelBroker();
      let calls = 0;
      let down = true;
      const stalls: string[] = [];
      const consumption = await start(broker, () => {
        calls++;
        throw new Error("poison");
      }, {
        onStall: ({ uuid }) => stalls.push(uuid),
        deadLetter: {
          topic: "dead",
          handler: "h",
          publish: () => down ? Promise.reject(new Error("down")) : Promise.resolve(),
        },
      });
      broker.publish("a");
      await time.tickAsync(1_000);
      assertEquals([calls, stalls, broker.committed(0)], [1, ["a"], 0]);
      down = false;
      await time.tickAsync(30_000);
      assertEquals([calls, stalls, broker.committed(0)], [1, ["a"], 1]);
      await consumption.close();
    }));

  it("close() gives back what no handler has, and waits for what runs", async () => {
    const broker = new ModelBroker(EACH);
    let end = () => {};
    const seen: string[] = [];
    const consumption = await start(broker, (message) => {
      seen.push(message.uuid);
      return new Promise<void>((resolve) => end = resolve);
    });
    for (const id of ["a", "b", "c"]) broker.publish(id);
    await settle();
    const closed = consumption.close();
    await settle();
    assertEquals(broker.records.map(({ count }) => count), [1, 0, 0]);
    end();
    await closed;
    assertEquals(seen, ["a"]);
    assertEquals(broker.records.map(({ acked }) => acked), [true, false, false]);
    assertEquals(consumption.stats().returned, 2);
  });

  it("close() asks handlers to stop at its deadline, and says what remains", () =>
    withTime(async (time) => {
      const broker = new ModelBroker();
      let aborted = false;
      let late: Message | undefined;
      const consumption = await start(broker, (message) => {
        late = message;
        message.signal.addEventListener("abort", () => aborted = true);
        return new Promise<void>(() => {});
      });
      broker.publish("a");
      await settle();
      const closed = assertRejects(() => consumption.close({ timeout: 5_000 }), CloseTimeoutError);
      await time.tickAsync(4_999);
      assertEquals(aborted, false);
      await time.tickAsync(1);
      assertEquals(aborted, true);
      await time.tickAsync(1_000);
      const error = await closed;
      assertEquals(error.remaining, 1);
      assertEquals(late!.ack(), false);
      assertEquals(broker.committed(0), 0);
    }));

  it("a lane that is lost aborts its handlers, and a later ack is false", async () => {
    const broker = new ModelBroker();
    const messages: Message[] = [];
    const consumption = await start(broker, (message) => {
      messages.push(message);
      return new Promise<void>((resolve) =>
        message.signal.addEventListener("abort", () => resolve())
      );
    }, { workers: 2 });
    broker.publish("a");
    await settle();
    broker.snatch(0);
    await settle();
    const [first, second] = messages;
    assertEquals((first!.signal.reason as Error).name, "LeaseLostError");
    assertEquals(first!.ack(), false);
    assertEquals((await first!.settled()).kind, "lost");
    assertEquals(second!.uuid, "a");
    assertEquals(second!.ack(), true);
    await settle();
    assertEquals(broker.committed(0), 1);
    await consumption.close({ timeout: 0 });
  });

  it("makes a new source when one fails, at the position that the broker knows", () =>
    withTime(async (time) => {
      const broker = new ModelBroker();
      const seen: string[] = [];
      const events: string[] = [];
      const consumption = await start(broker, (message) => void seen.push(message.uuid), {
        onConnection: ({ kind }) => events.push(kind),
      });
      broker.publish("a");
      await settle();
      broker.faults.fetch = [new Error("cut")];
      broker.faults.source = [new Error("still down")];
      broker.publish("b");
      await time.tickAsync(1_000);
      assertEquals(seen, ["a", "b"]);
      assertEquals(events, ["connected", "lost", "lost", "recovered"]);
      await consumption.close();
    }));

  it("a batch that fails is retried without what was acked, then its rest one by one", () =>
    withTime(async (time) => {
      const broker = new ModelBroker();
      const calls: string[] = [];
      const dead: string[] = [];
      const consumption = await consume(broker, (messages) => {
        calls.push(messages.map(({ uuid, attempt }) => `${uuid}${attempt}`).join(" "));
        messages.find(({ uuid }) => uuid === "a")?.ack();
        if (messages.some(({ uuid }) => uuid === "c")) throw new Error("c is bad");
      }, {
        topic: "orders",
        batch: { size: 3, maxWait: 50 },
        retry: { maxRetries: 1, jitter: "none" },
        deadLetter: {
          topic: "dead",
          handler: "h",
          publish: ({ uuid }) => Promise.resolve(void dead.push(uuid)),
        },
      });
      for (const id of ["a", "b", "c"]) broker.publish(id);
      await settle();
      await time.tickAsync(100);
      await settle();
      assertEquals(calls, ["a1 b1 c1", "b2 c2", "b3", "c3"]);
      assertEquals(dead, ["c"]);
      assertEquals(broker.committed(0), 3);
      await consumption.close();
    }));
});
