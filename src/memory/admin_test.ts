import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MemoryBroker, type MemoryTopicConfig } from "./mod.ts";
import { rec, send, TestMember, textsOf } from "./testdata/member.ts";

const DEFAULTS: MemoryTopicConfig = {
  partitions: 16,
  replicas: 1,
  maxMessages: 65_536,
  retentionMs: Infinity,
  persistence: "ephemeral",
  overflow: "block",
};

describe("admin", () => {
  it("creates a topic once, with what the broker's options say of it", async () => {
    const { admin } = new MemoryBroker({
      defaults: { maxMessages: 100, overflow: "error" },
      topics: { a: { overflow: "drop-oldest", partitions: 2 } },
    });
    assertEquals(await admin.create("a", { partitions: 3 }), "created");
    assertEquals(await admin.create("a", { partitions: 4 }), "exists");
    assertEquals(await admin.describe("a"), {
      ...DEFAULTS,
      partitions: 3,
      maxMessages: 100,
      overflow: "drop-oldest",
    });
    assertEquals(await admin.describe("b"), undefined);
  });

  it("takes what is undefined as left out", async () => {
    const { admin } = new MemoryBroker({ defaults: { partitions: 3 } });
    await admin.create("t", { partitions: undefined } as object);
    assertEquals((await admin.describe("t"))?.partitions, 3);
  });

  it("knows topics that came into being by use", async () => {
    const broker = new MemoryBroker();
    await send(broker, "published", [rec("m")]);
    await TestMember.join(broker, "subscribed");
    assertEquals(await broker.admin.list(), ["published", "subscribed"]);
    assertEquals(await broker.admin.describe("published"), DEFAULTS);
  });

  it("tells which fields it changed, and keeps to them at once", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 1 } });
    const { admin } = broker;
    await send(broker, "t", ["a", "b", "c"].map((text) => rec(text)));
    const config = { maxMessages: 2, overflow: "error", partitions: 1 } as const;
    assertEquals(await admin.update("t", config), ["maxMessages", "overflow"]);
    assertEquals(await admin.update("t", config), []);
    assertEquals(textsOf(broker.history("t")), ["b", "c"]);
  });

  it("lets a publisher that waits go on when there is more room", async () => {
    const broker = new MemoryBroker({ defaults: { maxMessages: 1 } });
    await TestMember.join(broker, "t", { group: "g" });
    const sent = send(broker, "t", [rec("a"), rec("b")]);
    await broker.admin.update("t", { maxMessages: 2 });
    assertEquals(await sent, [undefined, undefined]);
  });

  const refused: [config: object, message: string][] = [
    [{ replicas: 3 }, "'replicas' must be 1 in memory: current value is 3"],
    [{ persistence: "persistent" }, "'persistence' must be one of ephemeral"],
    [{ compression: "lz4" }, "'compression' must be left out, memory cannot do it"],
    [{ retentionBytes: 1 }, "'retentionBytes' must be left out, memory cannot do it"],
    [{ retentionMs: -1 }, "'retentionMs' must be at least 0 ms"],
    [{ size: 1 }, "option 'size' is unknown"],
  ];
  for (const [config, message] of refused) {
    it(`refuses ${JSON.stringify(config)}`, async () => {
      const { admin } = new MemoryBroker();
      await assertRejects(() => admin.create("t", config), Error, message);
      await admin.create("t");
      await assertRejects(() => admin.update("t", config), Error, message);
    });
  }

  it("refuses to change what it cannot", async () => {
    const { admin } = new MemoryBroker();
    await assertRejects(() => admin.update("t", {}), RangeError, "as there is none");
    await assertRejects(() => admin.create("a b"), RangeError, "'topic'");
    await admin.create("t");
    await assertRejects(
      () => admin.update("t", { partitions: 4 }),
      RangeError,
      "'partitions' must stay 16",
    );
  });

  it("removes a topic with what it holds, but not while it is consumed", async () => {
    const broker = new MemoryBroker();
    const { admin } = broker;
    await send(broker, "t", [rec("m")]);
    const member = await TestMember.join(broker, "t", { group: "g" });
    const reader = await TestMember.join(broker, "t");
    await assertRejects(() => admin.remove("t"), Error, "consumers are 2");
    await member.close();
    await assertRejects(() => admin.remove("t"), Error, "consumers are 1");
    await reader.close();
    assertEquals(await admin.remove("t"), true);
    assertEquals(await admin.remove("t"), false);
    assertEquals(broker.history("t"), []);
    assertEquals(broker.stats("t"), undefined);
  });

  it("removes a group with its position, but not while somebody is in it", async () => {
    const broker = new MemoryBroker();
    const { admin } = broker;
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", [rec("m")]);
    await member.consume();
    await assertRejects(() => admin.removeGroup("t", "g"), Error, "consumers are 1");
    await member.close();
    assertEquals(await admin.removeGroup("t", "g"), true);
    assertEquals(await admin.removeGroup("t", "g"), false);
    assertEquals(await admin.removeGroup("unknown", "g"), false);
    const anew = await TestMember.join(broker, "t", { group: "g", from: "earliest" });
    assertEquals(await anew.consume(), ["m"]);
  });
});
