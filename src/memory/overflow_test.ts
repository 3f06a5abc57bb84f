import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { ClosedError } from "../message/errors.ts";
import { MemoryBroker, type MemoryDrop, TopicFullError } from "./mod.ts";
import { rec, send, TestMember, textsOf } from "./testdata/member.ts";

const recs = (from: number, to: number, key = "") =>
  Array.from({ length: to - from }, (_, i) => rec(`m${from + i}`, key));

const texts = (from: number, to: number) => textsOf(recs(from, to));

function make(overflow: "block" | "error" | "drop-oldest", maxMessages = 4) {
  const drops: MemoryDrop[] = [];
  const broker = new MemoryBroker({
    defaults: { overflow, maxMessages, partitions: 1 },
    onDrop: (drop) => drops.push(drop),
  });
  return { broker, drops };
}

/** Whether a promise is pending once everything has run that waits for nothing but promises. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  promise.finally(() => pending = false).catch(() => {});
  for (let i = 0; i < 20; i++) await undefined;
  return pending;
}

describe("a full topic", () => {
  for (const overflow of ["block", "error", "drop-oldest"] as const) {
    it(`forgets the oldest while no group needs it, with overflow "${overflow}"`, async () => {
      const { broker, drops } = make(overflow);
      await send(broker, "t", recs(0, 6));
      assertEquals(textsOf(broker.history("t")), texts(2, 6));
      const group = await TestMember.join(broker, "t", { group: "g", from: "earliest" });
      assertEquals(await group.consume(), texts(2, 6));
      await send(broker, "t", recs(6, 9));
      assertEquals(textsOf(broker.history("t")), texts(5, 9));
      assertEquals(drops, []);
      const { published, records, missed } = broker.stats("t")!;
      assertEquals({ published, records, missed }, { published: 9, records: 4, missed: 0 });
    });
  }

  it("forgets the oldest of all partitions", async () => {
    const broker = new MemoryBroker({ defaults: { maxMessages: 50 } });
    const all = Array.from({ length: 400 }, (_, i) => rec(`m${i}`, `key-${i % 37}`));
    for (const one of all) await send(broker, "t", [one]);
    assertEquals(textsOf(broker.history("t")), textsOf(all).slice(-50));
  });

  it("lets a reader miss what goes, and counts it", async () => {
    const { broker, drops } = make("block");
    const reader = await TestMember.join(broker, "t");
    await send(broker, "t", recs(0, 7));
    assertEquals(await reader.drain(), texts(3, 7));
    assertEquals(drops, [{ topic: "t", lane: "0", count: 3, reason: "overflow" }]);
    assertEquals(broker.stats("t")!.missed, 3);
  });

  it("lets a reader that is made anew go on where it was, and tells it what went meanwhile", async () => {
    const { broker, drops } = make("block");
    const reader = await TestMember.join(broker, "t");
    await send(broker, "t", recs(0, 2));
    assertEquals(await reader.consume(), texts(0, 2));
    await reader.renew(() => send(broker, "t", recs(2, 8)));
    assertEquals(await reader.consume(), texts(4, 8));
    assertEquals(drops, [{ topic: "t", lane: "0", count: 2, reason: "overflow" }]);
  });
});

describe('overflow "block"', () => {
  it("makes the publisher wait for the slowest group", async () => {
    const { broker, drops } = make("block");
    const fast = await TestMember.join(broker, "t", { group: "fast" });
    const slow = await TestMember.join(broker, "t", { group: "slow" });
    const sent = send(broker, "t", recs(0, 10));
    assertEquals(await fast.consume(), texts(0, 4));
    assertEquals(await isPending(sent), true);
    assertEquals(broker.stats("t")!.waiting, 1);
    for (const [from, to] of [[0, 4], [4, 8], [8, 10]] as const) {
      assertEquals(await slow.fetch(), texts(from, to));
      await slow.ackAll();
      await fast.consume();
      assertEquals(await isPending(sent), to < 8);
    }
    assertEquals(await sent, new Array(10).fill(undefined));
    assertEquals(fast.seen, texts(0, 10));
    assertEquals(drops, []);
  });

  it("serves those who wait in their order, and nobody gets past them", async () => {
    const { broker } = make("block");
    const member = await TestMember.join(broker, "t", { group: "g" });
    const sent = [send(broker, "t", recs(0, 6)), send(broker, "t", recs(6, 8))];
    await member.fetch(3);
    const acked = member.ackAll();
    sent.push(send(broker, "t", recs(8, 9)));
    await acked;
    while (member.seen.length < 9) {
      await member.fetch();
      await member.ackAll();
    }
    await Promise.all(sent);
    assertEquals(member.seen, texts(0, 9));
  });

  it("lets as many go on as there is room for", async () => {
    const { broker } = make("block");
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", recs(0, 4));
    const sent = [4, 5, 6].map((from) => send(broker, "t", recs(from, from + 1)));
    await member.consume();
    await Promise.all(sent);
    assertEquals(await member.consume(), texts(4, 7));
  });

  it("waits for a group that nobody is in, until it is removed", async () => {
    const { broker } = make("block");
    const member = await TestMember.join(broker, "t", { group: "g" });
    await member.close();
    const sent = send(broker, "t", recs(0, 6));
    assertEquals(await isPending(sent), true);
    assertEquals(await broker.admin.removeGroup("t", "g"), true);
    await sent;
    assertEquals(textsOf(broker.history("t")), texts(2, 6));
  });

  it("ends the wait when the way in, the topic or the broker is closed", async () => {
    const close: ((broker: MemoryBroker, sink: { close(): Promise<void> }) => Promise<unknown>)[] =
      [
        (_, sink) => sink.close(),
        (broker) => broker.admin.remove("t"),
        (broker) => broker.close(),
      ];
    for (const end of close) {
      const { broker } = make("block");
      await (await TestMember.join(broker, "t", { group: "g" })).close();
      const sink = broker.sink();
      const items = recs(0, 6).map((rec) => ({ topic: "t", rec, identity: rec.id }));
      const sent = sink.send("t", items);
      assertEquals(await isPending(sent), true);
      await end(broker, sink);
      const results = await sent;
      assertEquals(results.map((result) => result?.outcome), [
        ...new Array(4).fill(undefined),
        "rejected",
        "rejected",
      ]);
      assertInstanceOf(results[4]!.cause, ClosedError);
    }
  });

  it("does not count what a group has settled as needed", async () => {
    const broker = new MemoryBroker({ defaults: { maxMessages: 10 } });
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", [rec("stuck", "key-0")]);
    await member.fetch();
    const [stuck] = member.held.splice(0);
    // Keys of other partitions than that of the record which is not settled.
    for (let i = 0; i < 100; i++) {
      await send(broker, "t", [rec(`m${i}`, i % 2 === 0 ? "key-1" : "key-2")]);
      await member.consume();
    }
    assertEquals(textsOf(broker.history("t"))[0], "stuck");
    assertEquals(broker.stats("t")!.records, 10);
    await member.source.ack([stuck!]);
    assertEquals(broker.stats("t")!.groups[0]!.lag, 0);
  });
});

describe('overflow "error"', () => {
  it("refuses what there is no room for, and nothing else", async () => {
    const { broker } = make("error");
    const member = await TestMember.join(broker, "t", { group: "g" });
    const results = await send(broker, "t", recs(0, 6));
    assertEquals(results.slice(0, 4), new Array(4).fill(undefined));
    for (const result of results.slice(4)) {
      assertEquals(result!.outcome, "rejected");
      assertInstanceOf(result!.cause, TopicFullError);
      assertEquals(
        result!.cause.message,
        "Cannot publish to 't' as a group has not settled its oldest records: it holds 4",
      );
      assertEquals([result!.cause.topic, result!.cause.maxMessages], ["t", 4]);
    }
    assertEquals(await member.consume(), texts(0, 4));
    assertEquals(await send(broker, "t", recs(6, 7)), [undefined]);
    assertEquals(await member.consume(), texts(6, 7));
  });
});

describe('overflow "drop-oldest"', () => {
  it("moves the group that lags, and counts for it", async () => {
    const { broker, drops } = make("drop-oldest");
    const fast = await TestMember.join(broker, "t", { group: "fast" });
    const slow = await TestMember.join(broker, "t", { group: "slow" });
    const gone = await TestMember.join(broker, "t", { group: "gone" });
    await gone.close();
    for (const one of recs(0, 7)) {
      await send(broker, "t", [one]);
      await fast.consume();
    }
    assertEquals(fast.seen, texts(0, 7));
    assertEquals(await slow.consume(), texts(3, 7));
    const counts = broker.stats("t")!.groups.map(({ group, lag, missed }) => [group, lag, missed]);
    assertEquals(counts, [["fast", 0, 0], ["slow", 0, 3], ["gone", 4, 3]]);
    assertEquals(drops.filter(({ group }) => group === "slow").length, 3);
    assertEquals(drops.reduce((sum, { count }) => sum + count, 0), 6);
    assertEquals(broker.stats("t")!.missed, 6);
  });

  it("tells of a publish's drops in one report", async () => {
    const { broker, drops } = make("drop-oldest");
    await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", recs(0, 10));
    assertEquals(drops, [{ topic: "t", group: "g", lane: "0", count: 6, reason: "overflow" }]);
  });

  it("counts what a handler had when it cannot be delivered again", async () => {
    const { broker } = make("drop-oldest");
    const member = await TestMember.join(broker, "t", { group: "g" });
    const missed = () => broker.stats("t")!.groups[0]!.missed;
    await send(broker, "t", recs(0, 2));
    await member.fetch();
    await send(broker, "t", recs(2, 8));
    assertEquals(missed(), 2);
    await member.fetch(1);
    await send(broker, "t", recs(8, 11));
    assertEquals(missed(), 4);
    await member.close();
    // 0, 1 and 4 were handed out and not settled; 2, 3, 5 and 6 never were.
    assertEquals(missed(), 7);
    const other = await TestMember.join(broker, "t", { group: "g" });
    assertEquals(await other.consume(), texts(7, 11));
  });

  it("does not count what was settled before", async () => {
    const { broker } = make("drop-oldest");
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", recs(0, 6));
    await member.fetch(2);
    await member.ackAll();
    await send(broker, "t", recs(6, 10));
    await member.close();
    assertEquals(broker.stats("t")!.groups[0]!.missed, 2 + 2);
  });

  it("counts anew behind what was settled", async () => {
    const { broker } = make("drop-oldest");
    const member = await TestMember.join(broker, "t", { group: "g" });
    const missed = () => broker.stats("t")!.groups[0]!.missed;
    await send(broker, "t", recs(0, 6));
    assertEquals(missed(), 2);
    assertEquals(await member.fetch(1), ["m2"]);
    await member.ackAll();
    assertEquals(await member.fetch(2), ["m3", "m4"]);
    await send(broker, "t", recs(6, 10));
    assertEquals(missed(), 3);
    await member.close();
    assertEquals(missed(), 5);
  });

  it("survives a hook that throws", async () => {
    const { error } = console;
    const printed: unknown[][] = [];
    console.error = (...line) => printed.push(line);
    try {
      const broker = new MemoryBroker({
        defaults: { maxMessages: 1, partitions: 1 },
        onDrop() {
          throw new Error("hook");
        },
      });
      const reader = await TestMember.join(broker, "t");
      await send(broker, "t", recs(0, 2));
      assertEquals(await reader.drain(), texts(1, 2));
      assertEquals(printed.length, 1);
    } finally {
      console.error = error;
    }
  });
});

describe("retentionMs", () => {
  it("drops what is too old, settled or not, and counts for those who miss it", async () => {
    const time = new FakeTime(0);
    try {
      const drops: MemoryDrop[] = [];
      const broker = new MemoryBroker({
        defaults: { retentionMs: 100, partitions: 1 },
        onDrop: (drop) => drops.push(drop),
      });
      const member = await TestMember.join(broker, "t", { group: "g" });
      await send(broker, "t", recs(0, 3));
      await member.fetch(1);
      await member.ackAll();
      time.tick(100);
      await send(broker, "t", recs(3, 5));
      assertEquals(broker.stats("t")!.records, 5);
      time.tick(1);
      assertEquals(await member.drain(), texts(3, 5));
      assertEquals(textsOf(broker.history("t")), texts(3, 5));
      assertEquals(drops, [{ topic: "t", group: "g", lane: "0", count: 2, reason: "retention" }]);
    } finally {
      time.restore();
    }
  });

  it("is the reason that a reader hears which was away meanwhile", async () => {
    const time = new FakeTime(0);
    try {
      const { broker, drops } = make("block");
      await broker.admin.create("t", { retentionMs: 100 });
      const reader = await TestMember.join(broker, "t");
      await reader.renew(async () => {
        await send(broker, "t", recs(0, 2));
        time.tick(101);
      });
      assertEquals(drops, [{ topic: "t", lane: "0", count: 2, reason: "retention" }]);
    } finally {
      time.restore();
    }
  });

  it("makes room for a publisher that waits", async () => {
    const time = new FakeTime(0);
    try {
      const broker = new MemoryBroker({ defaults: { retentionMs: 100, maxMessages: 2 } });
      await TestMember.join(broker, "t", { group: "g" });
      const sent = send(broker, "t", recs(0, 3));
      assertEquals(await isPending(sent), true);
      time.tick(101);
      assertEquals(broker.stats("t")!.records, 0);
      await sent;
    } finally {
      time.restore();
    }
  });
});

it("a way in that is closed refuses", async () => {
  const sink = new MemoryBroker().sink();
  await sink.close();
  await sink.close();
  const [failure] = await sink.send("t", [{ topic: "t", rec: rec("a"), identity: "a" }]);
  assertEquals(failure?.outcome, "rejected");
  assertInstanceOf(failure?.cause, ClosedError);
});
