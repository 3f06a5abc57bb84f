/** The way that a dead letter takes: with its ack in one step where it can, and never where it must not. */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Publisher } from "../message/contracts.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { wrapPublisher } from "../transport/wrap_publisher.ts";
import { record, Redelivering } from "./testdata/redelivering.ts";
import { settle, World } from "./testdata/world.ts";

/** Where the letter of a message went, and whether the message was acked by itself. */
async function letterBy(choose: (broker: Redelivering, world: World) => Publisher) {
  const world = new World();
  const transferred: string[] = [];
  const broker = new Redelivering(world, {
    transfer(_delivery, topic, rec) {
      transferred.push(`${topic} ${rec.id}`);
      return Promise.resolve();
    },
  });
  const handler = world.router.on("h", "in", subscriber(broker.transport), () => {
    throw new Error("no");
  }).dlq({ topic: "dead", publisher: choose(broker, world) });
  await world.run();
  await broker.deliver(record("a"), 1);
  while (handler.stats()?.deadLettered !== 1) await settle();
  await settle();
  const published = world.broker.history("dead").map(({ id }) => `dead ${id}`);
  await world.close();
  return { transferred, published, acked: broker.acked };
}

describe("a dead letter", () => {
  it("is published and acked in one step where its broker can", async () => {
    const { transferred, published, acked } = await letterBy((broker) => {
      return publisher(broker.transport);
    });
    assertEquals({ transferred, published, acked }, {
      transferred: ["dead a"],
      published: [],
      acked: [],
    });
  });

  it("is published, and its message acked then, where it goes to another broker", async () => {
    const { transferred, published, acked } = await letterBy((_broker, world) => world.out);
    assertEquals({ transferred, published, acked }, {
      transferred: [],
      published: ["dead a"],
      acked: ["a"],
    });
  });

  it("goes through what is around its publisher, which one step would pass by", async () => {
    const seen: string[] = [];
    const { transferred, published, acked } = await letterBy((broker) =>
      wrapPublisher(publisher(broker.transport), async (topic, messages, publish) => {
        seen.push(...messages.map(({ uuid }) => `${topic} ${uuid}`));
        await publish();
      })
    );
    assertEquals({ transferred, published, acked, seen }, {
      transferred: [],
      published: ["dead a"],
      acked: ["a"],
      seen: ["dead a"],
    });
  });
});
