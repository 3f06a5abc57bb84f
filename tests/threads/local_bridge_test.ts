import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QueueFullError } from "../../mod.ts";
import { localPublisher, localSubscriber, SubscriptionFullError } from "../../src/local/mod.ts";
import { Message } from "../../src/message/mod.ts";
import { PublishError } from "../../src/message/errors.ts";
import { withBus } from "./_buses.ts";
import { Failures, keyOfThread, reports, withFlowBus } from "./_flow_buses.ts";

/** The first messages of a stream as values, each acked. */
async function take(stream: AsyncIterable<Message>, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const message of stream) {
    message.ack();
    if (values.push(message.json()) === count) break;
  }
  return values;
}

describe("a bus with threads behind messages", () => {
  it("takes messages to its threads, and what they emit to subscriptions", async () => {
    await withBus("kinds", {}, async (bus) => {
      const out = localPublisher(bus);
      const stream = await localSubscriber(bus).subscribe("seen");
      await out.publish("value", new Message(new Uint8Array([0, 255, 7])));
      assertEquals(await take(stream, 1), [{ kind: "object", bytes: [0, 255, 7] }]);
      const keyed = await localSubscriber(bus).subscribe("seen");
      const numbers = localPublisher(bus, { decode: (payload) => payload.length });
      const messages = ["a", "b", "c", "d"].map((key) => new Message("xx", { key }));
      await numbers.publish("keyed", [...messages, ...messages]);
      const seen = await take(keyed, 8) as { key: string; data: number; index: number }[];
      for (const key of ["a", "b", "c", "d"]) {
        const own = seen.filter((one) => one.key === key);
        assertEquals(own.map(({ data }) => data), [2, 2]);
        assertEquals(own[0]!.index, own[1]!.index, "a key has one thread");
      }
      await out.close();
    });
  });

  it("gives its own events to subscriptions beside the thread that gets them", async () => {
    await withBus("kinds", {}, async (bus) => {
      const [stream, seen] = await Promise.all(
        ["value", "seen"].map((topic) => localSubscriber(bus).subscribe(topic)),
      );
      bus.emit("value", { total: 12 });
      assertEquals(await take(stream!, 1), [{ total: 12 }]);
      assertEquals(await take(seen!, 1), [{ kind: "object", value: { total: 12 } }]);
    });
  });

  it("tells who publishes what cannot cross, and ends subscriptions when it closes", async () => {
    await withBus("kinds", {}, async (bus) => {
      const out = localPublisher(bus);
      const stream = await localSubscriber(bus).subscribe("seen");
      const large = new Message(new Uint8Array(65_536));
      const error = await assertRejects(() => out.publish("value", large), PublishError);
      const [{ cause, outcome }] = error.failed;
      assertEquals([cause instanceof RangeError, outcome], [true, "rejected"]);
      await bus.close();
      assertEquals(await take(stream, 1), []);
      const late = await assertRejects(() => out.publish("value", new Message()), PublishError);
      assertEquals(late.failed[0]!.outcome, "rejected");
    });
  });
});

describe("a flow bus with threads behind messages", () => {
  const decode = ([n]: Uint8Array) => ({ n });
  const key = keyOfThread(0, 2);

  it("takes messages to its shards, and what they emit to subscriptions, in their order", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      const out = localPublisher(bus, { decode });
      const messages = [1, 2, 3].map((n) => new Message(new Uint8Array([n]), { key }));
      await out.publish("item.a", messages);
      const [{ batches }] = await reports(bus);
      assertEquals(batches.flat(), [1, 2, 3]);
      const stream = await localSubscriber(bus).subscribe("pong");
      const burst = localPublisher(bus, { decode: () => 200 });
      await burst.publish("burst", new Message("", { key }));
      assertEquals(await take(stream, 200), Array.from({ length: 200 }, (_, i) => i));
    });
  });

  it("gives its own events to subscriptions as they were, beside the stages of threads", async () => {
    await withFlowBus("stages", {}, async (bus) => {
      const streams = await Promise.all(
        ["skip", "double", "reported"].map((topic) => localSubscriber(bus).subscribe(topic)),
      );
      for (const [data, type] of ["skip", "double"].entries()) bus.emit({ type, data, key });
      assertEquals(await take(streams[0]!, 1), [0]);
      assertEquals(await take(streams[1]!, 1), [1]);
      await bus.flush();
      bus.emit({ type: "report", data: undefined, key });
      const [{ seen }] = await take(streams[2]!, 1) as [{ seen: unknown[] }];
      assertEquals(seen, [1, "1 again"]);
    });
  });

  it("counts what finds no room in a subscription, and tells its error", async () => {
    const failures = new Failures();
    const { onError } = failures;
    await withFlowBus("batches", { onError }, async (bus) => {
      const subscriber = localSubscriber(bus, { capacity: 0 });
      const stream = await subscriber.subscribe("pong", { prefetch: 1 });
      bus.emit({ type: "burst", data: 3, key });
      const [first] = await failures.reach(2);
      assertInstanceOf(first!.error, SubscriptionFullError);
      assertEquals(bus.stats().failed, 2);
      assertEquals(await take(stream, 1), [0]);
    });
  });

  it("tells who publishes what cannot cross, or finds no room", async () => {
    const options = { capacity: 1_024, overflow: "error", shards: 4, batchSize: 1 } as const;
    await withFlowBus("batches", options, async (bus) => {
      const out = localPublisher(bus, { decode: (bytes) => new TextDecoder().decode(bytes) });
      // The shards of the first two are in one thread.
      const [held, other, there] = [0, 2, 1].map((shard) => keyOfThread(shard, 4));
      const messages = [
        new Message("x".repeat(1_024), { key: held }),
        new Message("", { key: there }),
      ];
      const error = await assertRejects(() => out.publish("item.a", messages), PublishError);
      assertEquals(error.failed.map(({ outcome, index }) => [outcome, index]), [["rejected", 0]]);
      assertInstanceOf(error.failed[0]!.cause, RangeError);
      await out.publish("hold", new Message("", { key: held }));
      const many = Array.from({ length: 20 }, () => new Message("x".repeat(100), { key: held }));
      const full = await assertRejects(() => out.publish("item.a", many), PublishError);
      assertInstanceOf(full.failed[0]!.cause, QueueFullError);
      assertEquals(full.failed[0]!.outcome, "rejected");
      // A ring may still look full for a moment, as news of subscriptions wait for room in it.
      await bus.enqueue({ type: "release there", data: other, key: there! });
    });
  });

  it("hands on all that was published before it drains, and ends its subscriptions", async () => {
    await withFlowBus("batches", { batchTimeout: 60_000 }, async (bus) => {
      const stream = await localSubscriber(bus).subscribe("pong");
      const out = localPublisher(bus, { decode: () => 5 });
      await out.publish("burst", [1, 2, 3].map(() => new Message("", { key })));
      await bus.drain();
      const values: unknown[] = [];
      for await (const message of stream) {
        values.push(message.json());
        message.ack();
      }
      assertEquals(values, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
      const { emitted, processed, failed } = bus.stats();
      assertEquals([emitted - processed, failed], [0, 0]);
      const late = await assertRejects(() => out.publish("burst", new Message()), PublishError);
      assertEquals(late.failed[0]!.outcome, "rejected");
    });
  });
});
