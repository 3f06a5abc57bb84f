import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  BatchError,
  BusClosedError,
  type DropReport,
  forFlow,
  forSync,
  QueueFullError,
  UnsupportedError,
} from "../../mod.ts";
import { attach, LanesTakenError, reclaim, share } from "../../src/engines/lanes.ts";
import type { FlowBus } from "../../mod.ts";

/** Data that JSON carries only once something has been done. */
function writtenBy(action: () => void): { toJSON(): string } {
  return { toJSON: () => (action(), "written") };
}

/** A bus that has two events and takes no third: what comes stays in its lane. */
async function haltedBus() {
  const begun = Promise.withResolvers<void>();
  const stage = () => {
    begun.resolve();
    return new Promise<void>(() => {});
  };
  const bus = forFlow({ capacity: 1, stages: [stage] });
  bus.emit("in the stage");
  await begun.promise;
  bus.emit("in the queue");
  return bus;
}

describe("share()", () => {
  it("refuses what is no flow bus, and one that is closed", async () => {
    const sync = forSync() as unknown as FlowBus<object>;
    const refusal = "Cannot share the bus as 'bus' must be a flow bus: current value is";
    assertThrows(() => share(sync), TypeError, `${refusal} 'sync'`);
    assertThrows(() => share(undefined as never), TypeError, `${refusal} undefined`);
    const bus = forFlow();
    await bus.close();
    assertThrows(() => share(bus), BusClosedError, "Cannot share the bus as the bus is closed");
  });

  it("refuses options that cannot be", () => {
    const bus = forFlow();
    assertThrows(() => share(bus, { producers: 0 }), RangeError, "an integer from 1 to 1024");
    assertThrows(() => share(bus, { capacity: 1_000 }), RangeError, "a power of two");
    assertThrows(() => share(bus, { blockTimeout: -1 }), RangeError, "at least 0 ms");
    assertThrows(() => share(bus, { lanes: 1 } as object), TypeError, "option 'lanes' is unknown");
    assertThrows(
      () => share(bus, { producers: 1_024, capacity: 2 ** 20 }),
      RangeError,
      "'capacity' must leave all lanes within 268435456 bytes",
    );
    assertThrows(
      () => share(bus, { overflow: "drop-oldest" } as object),
      UnsupportedError,
      "the oldest event of a lane belongs to the thread of the bus",
    );
  });
});

describe("attach()", () => {
  it("refuses what is no handle, and a codec that the other side has not", () => {
    const memory = new SharedArrayBuffer(4_096);
    for (const handle of [undefined, null, {}, { memory }, { memory: new ArrayBuffer(8) }]) {
      assertThrows(() => attach(handle as never), TypeError, "'handle' must be what 'share' of");
    }
    const valueCodec = { encode: () => new Uint8Array(), decode: () => 1 };
    const refusal = "'valueCodec' must be given to 'share' and 'attach'";
    assertThrows(() => attach(share(forFlow()), { valueCodec }), TypeError, refusal);
    assertThrows(() => attach(share(forFlow(), { valueCodec })), TypeError, refusal);
  });

  it("takes a lane as long as there is one", async () => {
    const bus = forFlow();
    const handle = share(bus, { producers: 2 });
    const [first] = [attach(handle), attach(handle)];
    const taken = assertThrows(
      () => attach(handle),
      LanesTakenError,
      "Cannot attach to the bus as all 2 lanes are taken: close a producer, or raise 'producers'",
    ) as LanesTakenError;
    assertInstanceOf(taken, RangeError);
    assertEquals([taken.name, taken.lanes, taken.leaving], ["LanesTakenError", 2, 0]);
    first.close();
    // The lane is free when it has been read to its end.
    const leaving = assertThrows(
      () => attach(handle),
      LanesTakenError,
      "all 2 lanes are taken: 1 of them are given back and not read to their end: try again soon",
    ) as LanesTakenError;
    assertEquals(leaving.leaving, 1);
    await bus.flush();
    attach(handle);
    await bus.close();
    assertThrows(() => attach(handle), BusClosedError, "Cannot attach to the bus as the bus is");
  });
});

describe("reclaim()", () => {
  it("refuses what this thread has not shared", () => {
    assertThrows(() => reclaim({} as never), TypeError, "what 'share' has given in this thread");
  });
});

describe("a producer", () => {
  it("carries whatever an event has, and what a codec makes of its data", async () => {
    const bus = forFlow();
    const seen: unknown[] = [];
    bus.on("**", (event) => seen.push(event));
    const event = { type: "a", data: { b: 1 }, key: "k", id: "1", source: "s", timestamp: 2 };
    attach(share(bus)).emit({ ...event, metadata: { c: "d" } });
    const valueCodec = {
      encode: (data: unknown) => Uint8Array.of(Number(data) + 1),
      decode: ([byte]: Uint8Array) => byte,
    };
    const producer = attach(share(bus, { valueCodec }), { valueCodec });
    producer.emit("b", 7);
    producer.emit("c");
    await bus.drain();
    assertEquals(seen, [
      { ...event, metadata: { c: "d" } },
      { type: "b", data: 8 },
      { type: "c", data: undefined },
    ]);
  });

  it("refuses what cannot be written, and goes on", async () => {
    const bus = forFlow();
    const seen: unknown[] = [];
    bus.on("**", ({ data }) => seen.push(data));
    const producer = attach(share(bus, { capacity: 1_024 }));
    const { emit } = { emit: producer.emit.bind(producer) as (...args: unknown[]) => void };
    assertThrows(() => emit(""), TypeError, "'type' must be a non-empty string");
    for (const none of [undefined, 5]) {
      const says = `'event' must be an object: current value is ${none}`;
      assertThrows(() => emit(none), TypeError, says);
    }
    assertThrows(() => emit("a", () => {}), TypeError, "cannot be written as JSON");
    assertThrows(
      () => emit("a", new Uint8Array(300)),
      RangeError,
      "at most a quarter of a lane may be used, 256 bytes; raise 'capacity'",
    );
    const error = assertThrows(() => emit("a", writtenBy(() => emit("b"))), TypeError) as Error;
    assertEquals(String(error.cause).includes("what writes it must not emit"), true);
    emit("a", 1);
    await bus.drain();
    assertEquals(seen, [1]);
  });

  it("that is closed takes nothing, however often it is closed", async () => {
    const bus = forFlow();
    const producer = attach(share(bus));
    assertEquals(producer.closed, false);
    producer.emit("a", 1);
    producer.close();
    producer[Symbol.dispose]();
    assertEquals(producer.closed, true);
    const refusal = "as the producer is closed";
    assertThrows(() => producer.emit("a"), BusClosedError, refusal);
    assertThrows(() => producer.emitBatch([]), BusClosedError, refusal);
    const late = `Cannot enqueue an event ${refusal}`;
    await assertRejects(() => producer.enqueue({ type: "a" }), BusClosedError, late);
    await bus.drain();
    assertEquals(bus.stats().emitted, 1);
  });

  it("that is closed by what it writes writes nothing", async () => {
    const bus = forFlow();
    const handle = share(bus, { producers: 1 });
    const producer = attach(handle);
    assertThrows(() => producer.emit("a", writtenBy(() => producer.close())), BusClosedError);
    await bus.flush();
    attach(handle).emit("b");
    await bus.drain();
    assertEquals(bus.stats().emitted, 1);
  });

  it("in the thread of the bus waits for room with enqueue() only", async () => {
    const bus = await haltedBus();
    const producer = attach(share(bus, { capacity: 1_024 }));
    const fill = () => {
      for (;;) producer.emit("a", 1);
    };
    assertThrows(fill, QueueFullError, "the thread of the bus must not wait for itself");
    await assertRejects(
      () => producer.enqueue({ type: "a", data: 1 }, { timeout: 5 }),
      QueueFullError,
      "there was no room for 5 ms",
    );
    const controller = new AbortController();
    const given = producer.enqueue({ type: "a", data: 1 }, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await assertRejects(() => given, RangeError, "enough");
    const waiting = producer.enqueue({ type: "a", data: 1 });
    producer.close();
    await assertRejects(() => waiting, BusClosedError);
    await bus.close({ timeout: 0 });
  });

  it("holds the process only while an enqueue() waits", async () => {
    const bus = await haltedBus();
    const producer = attach(share(bus, { capacity: 1_024, overflow: "error" }));
    assertThrows(() => {
      for (;;) producer.emit("a", 1);
    }, QueueFullError);
    const { setInterval, clearInterval } = globalThis;
    const open = new Set<unknown>();
    globalThis.setInterval = ((callback: () => void, delay: number) => {
      const handle = setInterval(callback, delay);
      open.add(handle);
      return handle;
    }) as typeof setInterval;
    globalThis.clearInterval = (handle) => {
      open.delete(handle);
      clearInterval(handle);
    };
    try {
      const waiting = producer.enqueue({ type: "a", data: 1 }, { timeout: 5 });
      assertEquals(open.size, 1);
      await assertRejects(() => waiting, QueueFullError);
      while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    } finally {
      Object.assign(globalThis, { setInterval, clearInterval });
    }
    await bus.close({ timeout: 0 });
  });

  it("refuses those who wait when the bus closes", async () => {
    const bus = await haltedBus();
    const producer = attach(share(bus, { capacity: 1_024, overflow: "error" }));
    assertThrows(() => {
      for (;;) producer.emit("a", 1);
    }, QueueFullError);
    const waiting = producer.enqueue({ type: "a", data: 1 });
    await bus.close({ timeout: 0 });
    await assertRejects(() => waiting, BusClosedError, "as the bus is closed");
  });

  it("drops, counts and tells what finds no room, if it is to", async () => {
    const bus = await haltedBus();
    const drops: DropReport[] = [];
    const handle = share(bus, { capacity: 1_024, overflow: "drop-newest" });
    const producer = attach(handle, { onDrop: (report) => void drops.push(report) });
    const event = { type: "a", data: 1 };
    while (drops.length < 3) producer.emit(event);
    const report: DropReport = { reason: "overflow", count: 1, type: "a", event };
    assertEquals(drops, [report, report, report]);
    assertEquals(bus.stats().dropped, 3);
    const { discarded, stuck } = await bus.close({ timeout: 0 });
    assertEquals(bus.stats().emitted, discarded + stuck + 3);
  });

  it("attempts each event of a batch, and names those that failed", async () => {
    const bus = forFlow();
    const seen: unknown[] = [];
    bus.on("**", ({ data }) => seen.push(data));
    const producer = attach(share(bus));
    const events = [1, () => {}, 3, 4n, 5].map((data) => ({ type: "a", data }));
    const error = assertThrows(() => producer.emitBatch(events), BatchError);
    assertEquals((error as BatchError).failures.map(({ index }) => index), [1, 3]);
    assertThrows(() => producer.emitBatch("a" as never), TypeError, "'events' must be an array");
    await bus.drain();
    assertEquals(seen, [1, 3, 5]);
  });

  it("names the events of a batch that the bus does not take, as it closes meanwhile", async () => {
    const bus = forFlow();
    const producer = attach(share(bus));
    const events = [1, writtenBy(() => void bus.close()), 3].map((data) => ({ type: "a", data }));
    // `close` notes where the lane ends before anything of the batch is published.
    const error = assertThrows(() => producer.emitBatch(events), BatchError) as BatchError;
    assertEquals(error.failures.map(({ index }) => index), [0, 1, 2]);
    for (const failure of error.failures) {
      assertEquals(failure.error instanceof BusClosedError, true);
    }
    assertEquals(await bus.close(), { discarded: 0, inDoubt: 0, stuck: 0 });
    assertEquals(bus.stats().emitted, 0);
  });

  it("has data that nobody can decode reported, and the rest handled", async () => {
    const errors: unknown[] = [];
    const bus = forFlow({ onError: (error) => void errors.push(error) });
    const seen: unknown[] = [];
    bus.on("**", ({ data }) => seen.push(data));
    const valueCodec = {
      encode: (data: unknown) => Uint8Array.of(Number(data)),
      decode([byte]: Uint8Array) {
        if (byte === 2) throw new RangeError("two");
        return byte;
      },
    };
    const producer = attach(share(bus, { valueCodec }), { valueCodec });
    for (const data of [1, 2, 3]) producer.emit("a", data);
    await bus.drain();
    assertEquals(seen, [1, 3]);
    assertEquals(String(errors), "RangeError: two");
    const { emitted, processed, failed } = bus.stats();
    assertEquals([emitted, processed, failed], [3, 3, 1]);
  });

  it("may be read by a codec that closes the bus", async () => {
    const bus = forFlow();
    const valueCodec = {
      encode: () => new Uint8Array(),
      decode: () => void bus.close(),
    };
    const producer = attach(share(bus, { valueCodec }), { valueCodec });
    for (const data of [1, 2, 3]) producer.emit("a", data);
    bus.on("a", () => {});
    await assertRejects(() => bus.flush(), BusClosedError, "Cannot flush the bus");
    assertEquals(await bus.close(), { discarded: 3, inDoubt: 0, stuck: 0 });
    const { emitted, dropped, depth } = bus.stats();
    assertEquals([emitted, dropped, depth], [3, 3, 0]);
  });
});
