import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { localPublisher, localSubscriber } from "../../src/local/mod.ts";
import { Message } from "../../src/message/mod.ts";
import { PublishError } from "../../src/message/errors.ts";
import { withBus } from "./_buses.ts";
import { keyOfThread, reports, withFlowBus } from "./_flow_buses.ts";

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

  it("takes messages to its shards, where it is a flow bus", async () => {
    await withFlowBus("batches", {}, async (bus) => {
      const out = localPublisher(bus, { decode: ([n]) => ({ n }) });
      const key = keyOfThread(0, 2);
      const messages = [1, 2, 3].map((n) => new Message(new Uint8Array([n]), { key }));
      await out.publish("item.a", messages);
      const [{ batches }] = await reports(bus);
      assertEquals(batches.flat(), [1, 2, 3]);
      const stream = await localSubscriber(bus).subscribe("pong");
      await out.publish("twice", new Message(new Uint8Array([0]), { key }));
      assertEquals(await take(stream, 1), [0]);
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
      assertEquals(error.failed[0]!.cause instanceof RangeError, true);
      await bus.close();
      assertEquals(await take(stream, 1), []);
      const late = await assertRejects(() => out.publish("value", new Message()), PublishError);
      assertEquals(late.failed[0]!.outcome, "rejected");
    });
  });
});
