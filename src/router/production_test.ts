import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Publisher } from "../message/contracts.ts";
import type { Handler } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { fromPublisher } from "../transport/from_publisher.ts";
import { fromSubscriber } from "../transport/from_subscriber.ts";
import { subscriber } from "../transport/subscriber.ts";
import type { OnExhausted } from "../transport/verdict.ts";
import type { RoutedHandler } from "./mod.ts";
import { record, Redelivering } from "./testdata/redelivering.ts";
import { settle, World } from "./testdata/world.ts";

/** Publishes to all topics but one, which is down so many times. */
function failing(times: number, published: string[]): Publisher {
  return fromPublisher({
    publish(topic, messages) {
      if (topic === "bad" && times-- > 0) throw new Error("down");
      for (const { key } of messages) published.push(`${topic} ${key}`.trim());
    },
  });
}

const both = (key = "") => ["good", "bad"].map((topic) => new Message(topic, { key }));

async function acked(handler: RoutedHandler, count: number): Promise<void> {
  while (handler.stats()?.acked !== count) await settle();
}

interface Redelivery {
  readonly broker: Redelivering;
  readonly handler: RoutedHandler;
  readonly published: string[];
}

/** A handler of a broker that delivers again, one of whose topics is down so many times. */
async function withRedelivery(
  times: number,
  produce: Handler,
  body: (redelivery: Redelivery) => Promise<void>,
  onExhausted: OnExhausted = "redeliver",
): Promise<void> {
  const world = new World();
  const published: string[] = [];
  const broker = new Redelivering(world);
  const from = subscriber(broker.transport);
  const handler = world.router
    .handle("h", "in", from, undefined, failing(times, published), produce)
    .route((message) => message.text()).onExhausted(onExhausted);
  await world.run();
  await body({ broker, handler, published });
  await world.close();
}

describe("Router: what is produced", () => {
  it("is not taken for that of another message with the same uuid", async () => {
    const world = new World();
    const published: string[] = [];
    const out = failing(1, published);
    const handler = world.router.handle("h", "in", world.in, undefined, out, (message) => {
      return both(message.text());
    }).route((message) => message.text()).retry({ delays: [0] });
    await world.run();
    const make = (text: string) => new Message(text, { uuid: "same" });
    await world.out.publish("in", [make("a"), make("b")]);
    await acked(handler, 2);
    assertEquals(published.sort(), ["bad a", "bad b", "good a", "good b"]);
    await world.close();
  });

  it("is known by its record where the broker does not name it", async () => {
    const world = new World();
    const published: string[] = [];
    const out = failing(1, published);
    const gate = Promise.withResolvers<void>();
    const own = fromSubscriber({
      async *subscribe() {
        for (const text of ["a", "b"]) yield new Message(text, { uuid: "same" });
        await gate.promise;
      },
    });
    const handler = world.router.handle("h", "in", own, undefined, out, (message) => {
      return both(message.text());
    }).route((message) => message.text()).retry({ delays: [0] }).keyed("member");
    await world.run();
    await acked(handler, 2);
    gate.resolve();
    assertEquals(published.sort(), ["bad a", "bad b", "good a", "good b"]);
    await world.close();
  });

  it("is not published again when the broker delivers the message again", () =>
    withRedelivery(2, () => both(), async ({ broker, handler, published }) => {
      await broker.deliver(record("a"), 1);
      await acked(handler, 1);
      assertEquals(handler.stats()?.requeued, 2);
      assertEquals(published, ["good", "bad"]);
    }));

  it("is not published again for the messages of a batch that are tried alone", async () => {
    const world = new World();
    const published: string[] = [];
    const out = failing(1, published);
    const handler = world.router.handleBatch("h", "in", world.in, undefined, out, (messages) => {
      return messages.flatMap((message) => both(message.text()));
    }).batch({ size: 2, maxWait: 60_000 }).route((message) => message.text())
      .onExhausted("discard");
    await world.run();
    await world.publish("in", "a", "b");
    await acked(handler, 2);
    assertEquals(published.sort(), ["bad a", "bad b", "good a", "good b"]);
    await world.close();
  });

  it("is forgotten when its message fails for good alone, after it failed in a batch", async () => {
    const world = new World();
    const published: string[] = [];
    const broker = new Redelivering(world);
    const out = failing(1, published);
    let isBad = true;
    const handler = world.router.handleBatch(
      "h",
      "in",
      subscriber(broker.transport),
      undefined,
      out,
      (messages) => {
        const isAlone = messages.length === 1 && messages[0]!.uuid === "a";
        if (isAlone && isBad) throw new Error("bad");
        return messages.flatMap(({ uuid }) => both(uuid));
      },
    ).batch({ size: 2, maxWait: 1 }).route((message) => message.text()).onExhausted("discard");
    await world.run();
    await broker.deliver(record("a"), 1);
    await broker.deliver(record("b"), 2);
    await acked(handler, 2);
    assertEquals(published, ["good a", "good b", "bad b"]);
    isBad = false;
    await broker.deliver(record("a"), 1);
    await acked(handler, 3);
    assertEquals(published.slice(3), ["good a", "bad a"]);
    await world.close();
  });

  it("is forgotten when its message is discarded", () =>
    withRedelivery(1, () => both(), async ({ broker, handler, published }) => {
      for (const count of [1, 2]) {
        await broker.deliver(record("a"), 1);
        await acked(handler, count);
      }
      assertEquals(published, ["good", "good", "bad"]);
    }, "discard"));

  it("is published anew when all of it was confirmed, and its message is read once more", () =>
    withRedelivery(1, () => both(), async ({ broker, handler, published }) => {
      for (const count of [1, 2]) {
        await broker.deliver(record("a"), 1);
        await acked(handler, count);
      }
      assertEquals(published, ["good", "bad", "good", "bad"]);
    }));

  it("is forgotten when its message is acked without it", () => {
    let calls = 0;
    const produce = () => ++calls === 2 ? undefined : both();
    return withRedelivery(1, produce, async ({ broker, handler, published }) => {
      for (const count of [1, 2]) {
        await broker.deliver(record("a"), 1);
        await acked(handler, count);
      }
      assertEquals(published, ["good", "good", "bad"]);
    });
  });
});
