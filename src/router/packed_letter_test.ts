import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cloudEvents } from "../marshal/mod.ts";
import { Message, silent } from "../message/mod.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { replay, Router } from "./mod.ts";
import { World } from "./testdata/world.ts";

/** Milliseconds, where the end of a replay is nothing but the end of the test. */
const IDLE = 20;

describe("a dead letter", () => {
  it("takes the metadata that its codec refuses packed with it, and back at the replay", async () => {
    const world = new World();
    const codec = cloudEvents({ source: "/shop", binding: "kafka" });
    const strict = publisher(world.broker, { codec });
    const dead = Promise.withResolvers<Message>();
    const router = new Router({ logger: silent });
    router.on("parse", "orders", world.in, () => {
      throw new Error("no such currency");
    }).dlq({ topic: "dead", publisher: strict });
    router.on("watch", "dead", subscriber(world.broker, { codec }), (one) => dead.resolve(one));
    const run = router.run();
    await router.running;
    // Neither a name with "_" nor a control character can be an extension.
    const metadata = { tenant_id: "ä1", note: "a\tb", "content-type": "text/plain" };
    await world.out.publish("orders", new Message("7", { uuid: "u-1", metadata }));
    const letter = await dead.promise;
    await router.close();
    await run;
    assertEquals(letter.metadata.get("dlq_reason"), "Error: no such currency");
    assertEquals(JSON.parse(letter.metadata.get("dlq_metadata")!), metadata);

    await replay(subscriber(world.broker, { codec }), "dead", {
      publisher: world.out,
      to: "again",
      idle: IDLE,
    });
    const [rec] = world.broker.history("again");
    // As an event, the letter also has a source.
    const expected = { ...metadata, "ce-source": "/shop", replays: "1" };
    assertEquals(Object.fromEntries(rec!.headers), expected);
    await strict.close();
    await world.close();
  });

  for (const packed of ["{", "[]", '{"a":1}', "null"]) {
    it(`is not put back if its packed metadata is ${packed}`, async () => {
      const world = new World();
      const metadata = { dlq_topic: "orders", dlq_metadata: packed };
      await world.out.publish("dead", new Message("7", { uuid: "u-1", metadata }));
      await assertRejects(
        () => replay(world.in, "dead", { publisher: world.out, idle: IDLE }),
        TypeError,
        "Cannot replay message 'u-1' as its 'dlq_metadata' must be a JSON object of strings",
      );
      assertEquals(world.broker.history("orders"), []);
      await world.close();
    });
  }
});
