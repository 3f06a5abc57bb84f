import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { ClosedError, PublishError } from "../message/errors.ts";
import { Message } from "../message/message.ts";
import { publisher } from "../transport/publisher.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "./mod.ts";
import { rec, send, settle, TestMember, textsOf } from "./testdata/member.ts";

const ten = Array.from({ length: 10 }, (_, i) => rec(`m${i}`, `key-${i}`));
const tenTexts = textsOf(ten);

describe("MemoryBroker", () => {
  const refused: [options: unknown, message: string][] = [
    [{ capacity: 1 }, "option 'capacity' is unknown"],
    [{ defaults: { partitions: 0 } }, "'partitions' must be an integer of at least 1"],
    [{ defaults: { replicas: 2 } }, "'replicas' must be 1 in memory: current value is 2"],
    [{ defaults: { retentionBytes: 9 } }, "'retentionBytes' must be left out"],
    [{ defaults: { overflow: "drop" } }, "'overflow' must be one of block, error, drop-oldest"],
    [{ topics: { "a..b": {} } }, "'topic' must be"],
    [{ topics: { a: { maxMessages: 0 } } }, "'maxMessages' must be an integer of at least 1"],
    [{ topics: { a: 1 } }, "'topics.a' must be an object"],
    [{ revokeTimeout: -1 }, "'revokeTimeout' must be at least 0 ms"],
    [{ onDrop: 1 }, "'onDrop' must be a function"],
    [{ simulate: { crash: 2 } }, "'crash' must be a probability from 0 to 1"],
    [{ simulate: { seed: -1 } }, "'seed' must be an integer of 32 bits without sign"],
    [{ simulate: { maxDelay: -1 } }, "'maxDelay' must be a finite number of at least 0 ms"],
  ];
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = assertThrows(() => new MemoryBroker(options as MemoryBrokerOptions), Error);
      assert(error.message.startsWith("Cannot create a memory broker"), error.message);
      assert(error.message.includes(message), error.message);
    });
  }

  it("copies the bytes: the publisher may use its buffer again", async () => {
    const broker = new MemoryBroker();
    const sizes = [0, 1, 100, 4_095, 4_096, 100_000];
    for (const size of sizes) {
      const payload = new Uint8Array(size).fill(1);
      await send(broker, "t", [{ ...rec("m"), payload }]);
      payload.fill(2);
    }
    const payloads = broker.history("t").map(({ payload }) => payload);
    assertEquals(payloads.map((payload) => payload.length), sizes);
    assert(payloads.every((payload) => payload.every((byte) => byte === 1)));
  });

  it("keeps every field of a record", async () => {
    const broker = new MemoryBroker();
    const full = { ...rec("full", "k", 123), headers: [["a", "1"], ["a", "2"]] as const };
    await send(broker, "t", [full]);
    assertEquals(broker.history("t"), [full]);
  });

  it("refuses everything once it is closed", async () => {
    const broker = new MemoryBroker();
    const out = publisher(broker);
    await broker.close();
    await broker.close();
    await assertRejects(() => TestMember.join(broker, "t"), ClosedError);
    const error = await assertRejects(() => out.publish("t", new Message("a")), PublishError);
    assertEquals(error.failed.map(({ outcome }) => outcome), ["rejected"]);
    assertInstanceOf(error.cause, ClosedError);
    assertEquals((await broker.health()).ok, false);
  });

  it("delivers nothing more once it is closed, but lets consumers settle what they have", async () => {
    const broker = new MemoryBroker();
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten);
    await member.fetch(3);
    await broker.close();
    assert(member.ended);
    const rest = member.fetch();
    await member.ackAll();
    await member.close();
    assertEquals(await rest, []);
  });

  it("is healthy until then", async () => {
    assertEquals(await new MemoryBroker().health(), { ok: true, latencyMs: 0 });
  });

  it("refuses a malformed topic", async () => {
    const broker = new MemoryBroker();
    await assertRejects(() => TestMember.join(broker, "a b"), RangeError, "subscribe");
    await assertRejects(() => send(broker, "", [rec("m")]), RangeError, "publish");
  });
});

describe("history()", () => {
  it("has the order of publishing across partitions, consumed or not", async () => {
    const broker = new MemoryBroker();
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", ten);
    await member.consume();
    assertEquals(textsOf(broker.history("t")), tenTexts);
    assertEquals(textsOf(broker.history("t", { limit: 3 })), ["m0", "m1", "m2"]);
    assertEquals(broker.history("t", { limit: Infinity }).length, broker.history("t").length);
    assertEquals(textsOf(await broker.peek("t", 2)), ["m0", "m1"]);
    assertEquals(broker.history("unknown"), []);
  });

  it("begins at a time, which is when a record came", async () => {
    const time = new FakeTime(1_000);
    try {
      const broker = new MemoryBroker();
      for (const one of ten) {
        await send(broker, "t", [one]);
        time.tick(10);
      }
      assertEquals(textsOf(broker.history("t", { from: new Date(1_050) })), tenTexts.slice(5));
      assertEquals(textsOf(broker.history("t", { from: new Date(1_051) })), tenTexts.slice(6));
      assertEquals(broker.history("t", { from: new Date(1_100) }), []);
    } finally {
      time.restore();
    }
  });

  it("refuses malformed options", () => {
    const broker = new MemoryBroker();
    assertThrows(() => broker.history("t", { limit: -1 }), RangeError, "'limit'");
    assertThrows(() => broker.history("t", { from: new Date(NaN) }), TypeError, "'from'");
    assertThrows(() => broker.history("t", { last: 1 } as never), TypeError, "'last'");
  });
});

describe("a reader", () => {
  it("begins where it is told to", async () => {
    const time = new FakeTime(1_000);
    try {
      const broker = new MemoryBroker();
      await send(broker, "t", ten.slice(0, 5));
      time.tick(10);
      await send(broker, "t", ten.slice(5, 8));
      const readers = await Promise.all(
        (["latest", "earliest", new Date(1_010)] as const)
          .map((from) => TestMember.join(broker, "t", { from })),
      );
      await send(broker, "t", ten.slice(8));
      const seen = await Promise.all(readers.map((reader) => reader.drain()));
      assertEquals(seen.map((texts) => texts.sort()), [
        tenTexts.slice(8),
        tenTexts,
        tenTexts.slice(5),
      ]);
    } finally {
      time.restore();
    }
  });

  it("leaves nothing behind", async () => {
    const broker = new MemoryBroker();
    const reader = await TestMember.join(broker, "t");
    await reader.close();
    await reader.close();
    assertEquals(broker.stats("t")!.groups, []);
    assertEquals(await reader.fetch(), []);
    assertEquals(await broker.admin.remove("t"), true);
  });
});

describe("fetch()", () => {
  it("takes at most as much as there is room for, fairly from all lanes", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 4 } });
    const reader = await TestMember.join(broker, "t");
    await send(broker, "t", Array.from({ length: 400 }, (_, i) => rec(`m${i}`)));
    await reader.fetch(8);
    const lanes = reader.held.map(({ lane }) => lane.name);
    assertEquals(lanes.sort(), ["0", "0", "1", "1", "2", "2", "3", "3"]);
    for (let i = 0; i < 4; i++) assertEquals((await reader.fetch(1)).length, 1);
    assertEquals(new Set(reader.held.slice(8).map(({ lane }) => lane.name)).size, 4);
  });

  it("fills its room from one lane if the others have nothing", async () => {
    const broker = new MemoryBroker();
    const reader = await TestMember.join(broker, "t");
    await send(broker, "t", Array.from({ length: 50 }, (_, i) => rec(`m${i}`, "one")));
    assertEquals((await reader.fetch(40)).length, 40);
  });

  it("waits for a publish, which wakes it once for all records", async () => {
    const broker = new MemoryBroker();
    const reader = await TestMember.join(broker, "t");
    const waiting = reader.fetch();
    await send(broker, "t", ten);
    assertEquals((await waiting).sort(), tenTexts);
  });

  it("ends with nothing when its signal aborts or its source closes", async () => {
    const broker = new MemoryBroker();
    const reader = await TestMember.join(broker, "t");
    const aborted = reader.fetch();
    reader.abort();
    assertEquals(await aborted, []);
    const other = await TestMember.join(broker, "t");
    const closed = other.fetch();
    await other.close();
    assertEquals(await closed, []);
  });

  it("leaves no listener on the signal when the source is closed", async () => {
    const broker = new MemoryBroker();
    const { source } = await TestMember.join(broker, "t");
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    for (let i = 0; i < 3; i++) {
      const fetched = source.fetch!(1, () => false, signal);
      await send(broker, "t", [rec("m")]);
      await fetched;
      assertEquals(listeners, 1);
    }
    await source.close();
    assertEquals(listeners, 0);
  });

  it("leaves paused lanes out until they may go on, which an ack tells", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 1 } });
    const reader = await TestMember.join(broker, "t");
    await send(broker, "t", ten);
    await reader.fetch(5);
    reader.paused.add("0");
    const waiting = reader.fetch();
    await settle();
    assertEquals(reader.seen.length, 5);
    reader.paused.clear();
    await reader.ackAll();
    assertEquals(await waiting, tenTexts.slice(5));
  });
});

describe("a source", () => {
  it("tells its lag by lane, and names records by their offset", async () => {
    const broker = new MemoryBroker({ defaults: { partitions: 2 } });
    const member = await TestMember.join(broker, "t", { group: "g" });
    await send(broker, "t", [rec("a"), rec("b"), rec("c")]);
    await member.fetch();
    assertEquals(member.held.map((delivery) => member.source.offset!(delivery)), ["0", "1", "0"]);
    const lags = async () => (await member.source.lag!()).map(({ lane, lag }) => [lane, lag]);
    assertEquals(await lags(), [["0", 2], ["1", 1]]);
    await member.ackAll();
    assertEquals(await lags(), [["0", 0], ["1", 0]]);
  });
});
