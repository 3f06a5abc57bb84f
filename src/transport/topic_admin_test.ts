import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { choice, integer } from "../options/options.ts";
import type { TopicAdmin, TopicConfig } from "./capabilities.ts";
import { topicAdmin } from "./topic_admin.ts";

/** A broker that keeps topics in memory, and what it was asked to change. */
function shelf(): { admin: TopicAdmin; asked: TopicConfig[] } {
  const topics = new Map<string, TopicConfig>();
  const asked: TopicConfig[] = [];
  const admin = topicAdmin({
    broker: "Shelf",
    rules: { partitions: integer(1), maxMessages: integer(1), persistence: choice("ephemeral") },
    fixed: ["partitions"],
    async create(topic, config) {
      await Promise.resolve();
      if (topics.has(topic)) return "exists";
      topics.set(topic, config);
      return "created";
    },
    change(topic, changes, known) {
      asked.push(changes);
      return Promise.resolve(topics.set(topic, { ...known, ...changes }));
    },
    describe: (topic) => Promise.resolve(topics.get(topic)),
    list: () => Promise.resolve([...topics.keys()]),
    remove: (topic) => Promise.resolve(topics.delete(topic)),
    removeGroup: () => Promise.resolve(false),
  });
  return { admin, asked };
}

describe("topicAdmin()", () => {
  it("creates a topic once however many ask at the same time", async () => {
    const { admin } = shelf();
    const made = await Promise.all([1, 2, 3].map((count) => {
      return admin.create("orders", { partitions: count });
    }));
    assertEquals(made, ["created", "exists", "exists"]);
    assertEquals(await admin.describe("orders"), { partitions: 1 });
    assertEquals(await admin.create("orders"), "exists");
  });

  it("takes fields that a config inherits, as all options are, and leaves out what is undefined", async () => {
    const { admin } = shelf();
    const inherits = (config: object): TopicConfig => Object.create(config);
    await admin.create("orders", inherits({ partitions: 5, maxMessages: undefined }));
    assertEquals(await admin.describe("orders"), { partitions: 5 });
    assertEquals(await admin.update("orders", inherits({ maxMessages: 7 })), ["maxMessages"]);
    const refused = () => admin.create("others", inherits({ partitions: 0 }));
    await assertRejects(refused, RangeError, "'partitions' must be");
  });

  it("tells all who ask for a topic that it cannot be made, and tries again", async () => {
    let tries = 0;
    const { admin } = shelf();
    const failing = topicAdmin({
      ...{ broker: "Shelf", rules: {}, fixed: [] },
      create: () => ++tries === 1 ? Promise.reject(new Error("full")) : Promise.resolve("created"),
      change: () => Promise.resolve(),
      describe: (topic) => admin.describe(topic),
      list: () => admin.list(),
      remove: (topic) => admin.remove(topic),
      removeGroup: (topic, group) => admin.removeGroup(topic, group),
    });
    const both = await Promise.allSettled([failing.create("orders"), failing.create("orders")]);
    assertEquals(both.map(({ status }) => status), ["rejected", "rejected"]);
    assertEquals(await failing.create("orders"), "created");
  });

  it("changes what is to become something else, and names it", async () => {
    const { admin, asked } = shelf();
    await admin.create("orders", { partitions: 2, maxMessages: 5 });
    const config = { partitions: 2, maxMessages: 9, persistence: undefined } as object;
    assertEquals(await admin.update("orders", config), ["maxMessages"]);
    assertEquals(await admin.update("orders", config), []);
    assertEquals(asked, [{ maxMessages: 9 }]);
    assertEquals(await admin.describe("orders"), { partitions: 2, maxMessages: 9 });
  });

  it("asks the broker about nothing that cannot be the name of a topic", async () => {
    const { admin } = shelf();
    for (const name of ["", "a b", "{orders}:0", "orders.", "*"]) {
      const asking = [
        () => admin.create(name),
        () => admin.update(name, {}),
        () => admin.describe(name),
        () => admin.remove(name),
        () => admin.removeGroup(name, "all"),
      ];
      for (const ask of asking) await assertRejects(ask, RangeError, "'topic' must be");
    }
  });

  it("asks the broker about nothing that cannot be the name of a group", async () => {
    const { admin } = shelf();
    for (const name of ["", "g".repeat(201), "a\0b", "\ud800"]) {
      await assertRejects(() => admin.removeGroup("orders", name), RangeError, "'group' must be");
    }
    await assertRejects(() => admin.removeGroup("orders", 1 as never), TypeError, "'group' must");
    assertEquals(await admin.removeGroup("orders", "g".repeat(200)), false);
  });

  it("refuses what cannot be, and changes nothing", async () => {
    const { admin, asked } = shelf();
    await admin.create("orders", { partitions: 2 });
    const wrong = [
      [
        { partitions: 3, maxMessages: 9 },
        RangeError,
        "'partitions' must stay 2: current value is 3",
      ],
      [{ replicas: 2 }, RangeError, "Shelf has no 'replicas' for a topic"],
      [{ maxMessages: 0 }, RangeError, "'maxMessages' must be an integer of at least 1"],
      [{ persistence: "persistent" }, RangeError, "'persistence' must be one of ephemeral"],
      [{ size: 1 }, TypeError, "option 'size' is unknown"],
      [null, TypeError, "'options' must be an object"],
    ] as const;
    for (const [config, type, text] of wrong) {
      await assertRejects(() => admin.update("orders", config as never), type, text);
    }
    assertEquals(asked, []);
    await assertRejects(() => admin.update("bills", {}), RangeError, "as there is none");
    await assertRejects(() => admin.create("a..b"), RangeError, "'topic' must be");
    await assertRejects(() => admin.create("bills", { replicas: 2 }), RangeError, "'replicas'");
    assertEquals(await admin.list(), ["orders"]);
  });
});
