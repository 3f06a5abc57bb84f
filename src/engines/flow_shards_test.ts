import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { createFlowBus } from "./flow.ts";
import { turn } from "./testdata/waits.ts";
import { fnv1a } from "./fnv1a.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { BusEvent } from "../core/event.ts";

/** A stage that lets each of its batches wait until the test says so. */
function gate() {
  const waiting: { events: BusEvent[]; open: () => void }[] = [];
  const stage = (events: BusEvent[]) =>
    new Promise<void>((open) => waiting.push({ events, open: () => open() }));
  return { stage, waiting };
}

const data = (events: readonly BusEvent[]) => events.map((event) => event.data);

/** Two texts that come to different shards of two. */
const [ODD, EVEN] = ["a", "b", "c", "d"].toSorted((a, b) => fnv1a(b) % 2 - fnv1a(a) % 2)
  .filter((_, i, all) => i === 0 || i === all.length - 1);

describe("fnv1a()", () => {
  it("gives the published hashes", () => {
    const hashes = ["", "a", "b", "foobar"].map((text) => fnv1a(text).toString(16));
    assertEquals(hashes, ["811c9dc5", "e40c292c", "e70c2de5", "bf9cf968"]);
  });
});

describe("a shard", () => {
  it("has at most one batch in its stages", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ stages: [stage], batchSize: 2 });
    const handled: unknown[] = [];
    bus.on("**", (event) => handled.push(event.data));
    for (let i = 0; i < 5; i++) bus.emit("a", i);
    await turn();
    assertEquals(waiting.map(({ events }) => data(events)), [[0, 1]]);
    waiting[0].open();
    await turn();
    assertEquals([waiting.length, handled], [2, [0, 1]]);
    waiting[1].open();
    const drained = bus.drain();
    await turn();
    waiting[2].open();
    await drained;
    assertEquals(handled, [0, 1, 2, 3, 4]);
  });

  it("begins no batch before the promises of the last one's handlers have settled", async () => {
    const settle: (() => void)[] = [];
    const begun: string[] = [];
    const bus = createFlowBus({ batchSize: 1 });
    bus.on("a", (event) => {
      begun.push(`event ${event.data}`);
      return new Promise<void>((resolve) => settle.push(resolve));
    });
    bus.onBatch("b", ([{ data }]) => {
      begun.push(`batch ${data}`);
      return new Promise<void>((resolve) => settle.push(resolve));
    });
    for (const [type, data] of [["a", 1], ["b", 2], ["a", 3]] as const) bus.emit(type, data);
    await turn();
    assertEquals(begun, ["event 1"]);
    settle[0]();
    await turn();
    assertEquals([begun, bus.stats().processed], [["event 1", "batch 2"], 1]);
    settle[1]();
    await turn();
    assertEquals([begun, bus.stats().processed], [["event 1", "batch 2", "event 3"], 2]);
    settle[2]();
    await bus.drain();
  });

  it("lets handlers overlap within a batch, those of one key never", async () => {
    const bus = createFlowBus();
    const log: string[] = [];
    bus.on("a", async (event) => {
      log.push(`+${event.data}`);
      await turn();
      log.push(`-${event.data}`);
    });
    for (const [data, key] of [["x1", "x"], ["x2", "x"], ["y1", "y"], ["x3", "x"], ["free"]]) {
      bus.emit({ type: "a", data, ...(key && { key }) });
    }
    await bus.drain();
    assertEquals(log.slice(0, 3), ["+x1", "+y1", "+free"]);
    assertEquals(log.filter((entry) => entry.includes("x")), [
      "+x1",
      "-x1",
      "+x2",
      "-x2",
      "+x3",
      "-x3",
    ]);
  });

  it("takes the events of a key, else of a type", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ stages: [stage], shards: 2, batchTimeout: 0 });
    bus.emit({ type: ODD, data: 1 });
    bus.emit({ type: EVEN, data: 2 });
    bus.emit({ type: ODD, data: 3, key: EVEN });
    bus.emit({ type: EVEN, data: 4, key: ODD });
    bus.emit({ type: ODD, data: 5 });
    await turn();
    assertEquals(waiting.map(({ events }) => data(events)), [[1, 4, 5], [2, 3]]);
    for (const { open } of waiting) open();
    await bus.drain();
  });

  it("is woken by its own events, whatever the others wait for", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ stages: [stage], shards: 2, batchTimeout: 0 });
    const handled: unknown[] = [];
    bus.on("**", (event) => handled.push(event.data));
    bus.emit(ODD, 1);
    await turn();
    bus.emit(EVEN, 2);
    await turn();
    waiting[1].open();
    await turn();
    bus.emit(EVEN, 3);
    await turn();
    waiting[2].open();
    await turn();
    assertEquals(handled, [2, 3]);
    waiting[0].open();
    await bus.drain();
  });

  it("spreads the types of 'spread' over all, but not what has a key", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ stages: [stage], shards: 4, batchTimeout: 0, spread: ["page"] });
    for (let i = 0; i < 8; i++) bus.emit("page", i);
    for (let i = 8; i < 10; i++) bus.emit({ type: "page", data: i, key: "k" });
    await turn();
    const lists = waiting.map(({ events }) => data(events));
    assertEquals(lists.length, 4);
    assertEquals(lists[fnv1a("k") % 4].slice(-2), [8, 9]);
    assertEquals(lists.map((list) => list.length).toSorted(), [2, 2, 2, 4]);
    for (const { open } of waiting) open();
    await bus.drain();
  });

  it("that is full is passed over by what is spread", async () => {
    const bus = createFlowBus({ shards: 2, capacity: 2, overflow: "error", spread: ["page"] });
    bus.on("**", () => {});
    bus.emit({ type: "a", key: EVEN });
    bus.emit({ type: "a", key: EVEN });
    for (let i = 0; i < 2; i++) bus.emit("page");
    assertThrows(() => bus.emit("page"), QueueFullError);
    await bus.drain();
  });

  it("tells keys apart", () => {
    assertNotEquals(fnv1a(ODD) % 2, fnv1a(EVEN) % 2);
  });
});

describe("a full shard", () => {
  it("with 'block' makes the emitter handle a batch, in order", async () => {
    const bus = createFlowBus({ capacity: 4, batchSize: 2 });
    const handled: unknown[] = [];
    bus.on("a", (event) => handled.push(event.data));
    for (let i = 0; i < 5; i++) bus.emit("a", i);
    assertEquals(handled, [0, 1]);
    await bus.drain();
    assertEquals(handled, [0, 1, 2, 3, 4]);
  });

  it("with 'block' never waits inside a handler or a stage, nor for a promise", async () => {
    const reasons: string[] = [];
    const attempt = () => {
      try {
        for (let i = 0; i < 3; i++) bus.emit("full");
      } catch (error) {
        reasons.push((error as Error).message);
      }
    };
    const bus = createFlowBus({
      capacity: 2,
      batchSize: 1,
      stages: [async () => {}, ([event]) => event.type === "a" ? attempt() : undefined],
    });
    bus.on("a", attempt);
    bus.emit("a");
    await null;
    attempt();
    await bus.drain();
    const why = "Cannot accept event 'full' as the queue is full and";
    assertEquals(reasons, [
      `${why} waits for promises: capacity is 2 events`,
      `${why} a handler must not wait for it: capacity is 2 events`,
      `${why} a handler must not wait for it: capacity is 2 events`,
    ]);
  });

  it("with 'error' refuses at once", async () => {
    const bus = createFlowBus({ capacity: 2, overflow: "error" });
    bus.on("a", () => {});
    bus.emit("a");
    bus.emit("a");
    assertThrows(() => bus.emit("a"), QueueFullError, "capacity is 2 events");
    assertEquals(bus.stats().emitted, 2);
    await bus.drain();
  });

  for (
    const [overflow, expected, dropped] of [
      ["drop-newest", [0, 1, 2, 3], [4, 5]],
      ["drop-oldest", [2, 3, 4, 5], [0, 1]],
    ] as const
  ) {
    it(`with '${overflow}' drops one, counts it and tells 'onDrop'`, async () => {
      const reports: DropReport[] = [];
      const onDrop = (report: DropReport) => void reports.push(report);
      const bus = createFlowBus({ capacity: 4, overflow, onDrop });
      const handled: unknown[] = [];
      bus.on("a", (event) => handled.push(event.data));
      for (let i = 0; i < 6; i++) bus.emit("a", i);
      await bus.drain();
      assertEquals(handled, [...expected]);
      assertEquals(reports.map(({ event, reason }) => [event!.data, reason]), [
        [dropped[0], "overflow"],
        [dropped[1], "overflow"],
      ]);
      const counts = bus.stats();
      assertEquals([counts.emitted, counts.processed, counts.dropped], [6, 4, 2]);
    });
  }

  it("with 'drop-oldest' may lose the rest of the batch that is under way", async () => {
    const bus = createFlowBus({ capacity: 4, overflow: "drop-oldest" });
    const handled: unknown[] = [];
    bus.on("a", (event) => {
      handled.push(event.data);
      if (event.data === 0) { for (const data of [4, 5, 6]) bus.emit("a", data); }
    });
    for (let i = 0; i < 4; i++) bus.emit("a", i);
    await bus.drain();
    assertEquals([handled, bus.stats().dropped], [[0, 3, 4, 5, 6], 2]);
  });
});

describe("enqueue() of a flow bus", () => {
  it("waits for room, in line", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ capacity: 2, stages: [stage] });
    const handled: unknown[] = [];
    bus.on("a", (event) => handled.push(event.data));
    const accepted: number[] = [];
    for (let data = 0; data < 6; data++) {
      bus.enqueue({ type: "a", data }).then(() => accepted.push(data));
    }
    await turn();
    assertEquals(accepted, [0, 1, 2, 3]);
    for (let i = 0; i < 3; i++) {
      waiting[i].open();
      await turn();
    }
    await bus.drain();
    assertEquals([handled, accepted], [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]);
  });

  it("gives up with its signal or its time-out, and when the bus closes", async () => {
    const { stage, waiting } = gate();
    const bus = createFlowBus({ capacity: 1, stages: [stage] });
    bus.emit("a", 1);
    await turn();
    bus.emit("a", 2);
    const controller = new AbortController();
    const event = { type: "a", data: 3 };
    const aborted = bus.enqueue(event, { signal: controller.signal }).catch((error) => error);
    controller.abort("enough");
    assertEquals(await aborted, "enough");
    await assertRejects(() => bus.enqueue(event, { timeout: 1 }), QueueFullError, "for 1 ms");
    const refused = assertRejects(() => bus.enqueue(event), BusClosedError, "enqueue an event");
    const closed = bus.close();
    await refused;
    waiting[0].open();
    assertEquals(await closed, { discarded: 2, inDoubt: 0, stuck: 0 });
    const late = "Cannot enqueue 'a' as the bus is closed";
    await assertRejects(() => bus.enqueue(event), BusClosedError, late);
    const typeless = { type: "", data: 3 };
    await assertRejects(() => bus.enqueue(typeless), TypeError, "Cannot enqueue as 'type' must be");
  });
});
