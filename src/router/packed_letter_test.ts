import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cloudEvents } from "../marshal/mod.ts";
import { Message, silent } from "../message/mod.ts";
import { metadataBefore, stowFacts } from "../transport/packed_letter.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { replay, Router } from "./mod.ts";
import { Seen, World } from "./testdata/world.ts";

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

  it("of a dead letter keeps what that knew, and goes back through both topics", async () => {
    const world = new World();
    const dead = new Seen<Message>();
    const deader = new Seen<Message>();
    world.router.on("bill", "orders", world.in, () => {
      throw new Error("no such currency: ä");
    }).dlq({ topic: "dead", publisher: world.out });
    world.router.on("alert", "dead", world.in, (letter) => {
      dead.add(letter);
      throw new Error("nobody is there");
    }).dlq({ topic: "dead.dead", publisher: world.out });
    world.router.on("watch", "dead.dead", world.in, (letter) => deader.add(letter));
    await world.run();
    await world.out.publish("orders", new Message("7", { metadata: { tenant: "a" } }));
    const [first] = await dead.count(1);
    const [second] = await deader.count(1);
    await world.router.close();
    assertEquals(second!.metadata.get("dlq_topic"), "dead");
    assertEquals(second!.metadata.get("dlq_reason"), "Error: nobody is there");
    assertMatch(second!.metadata.get("dlq_before")!, /^[ -~]+$/);

    const terms = { publisher: world.out, idle: IDLE };
    await replay(world.in, "dead.dead", terms);
    const [, again] = world.broker.history("dead");
    const { dlq_stack: _, ...known } = Object.fromEntries(first!.metadata);
    assertEquals(Object.fromEntries(again!.headers), { ...known, replays: "1" });

    await replay(world.in, "dead", { ...terms, filter: ({ metadata }) => metadata.has("replays") });
    const [, message] = world.broker.history("orders");
    assertEquals(Object.fromEntries(message!.headers), { tenant: "a", replays: "2" });
    await world.close();
  });

  it("of letters without end keeps the last eight before it, and survives what is none", () => {
    let metadata = new Map([["tenant", "a"], ["dlq_before", "{"]]);
    for (let at = 0; at < 12; at++) {
      metadata = stowFacts(metadata).set("dlq_topic", `topic-${at}`);
    }
    const topics: (string | undefined)[] = [];
    for (let at = 0; at < 10; at++) {
      topics.push(metadata.get("dlq_topic"));
      metadata = metadataBefore(new Message("", { metadata }));
    }
    assertEquals(
      topics,
      [11, 10, 9, 8, 7, 6, 5, 4, 3].map((at) => `topic-${at}`).concat([undefined!]),
    );
    assertEquals([...metadata], [["tenant", "a"]]);
  });
});
