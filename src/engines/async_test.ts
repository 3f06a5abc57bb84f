import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { BatchError, BusClosedError, QueueFullError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import type { AsyncBus, DropReport } from "../core/contracts.ts";
import type { OpenEventMap } from "../core/event.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

async function quiet(bus: AsyncBus<OpenEventMap>): Promise<void> {
  while (bus.stats().depth > 0) await turn();
}

function fill(bus: AsyncBus<OpenEventMap>, count: number, type = "a"): void {
  for (let data = 0; data < count; data++) bus.emit({ type, data });
}

/** A handler whose promises the test settles, and the data that it was called with. */
function held() {
  const started: unknown[] = [];
  const settle: (() => void)[] = [];
  const handler = (event: { data: unknown }) => {
    started.push(event.data);
    return new Promise<void>((resolve) => settle.push(resolve));
  };
  return { handler, started, settle };
}

describe("async bus", () => {
  it("emit() returns before the handlers run, and they run in a microtask", async () => {
    const bus = createAsyncBus();
    const calls: unknown[] = [];
    bus.on("a", (event) => calls.push(event.data));
    bus.emit("a", 1);
    bus.emit("a", 2);
    assertEquals([calls, bus.stats().depth], [[], 2]);
    await null;
    assertEquals([calls, bus.stats().depth], [[1, 2], 0]);
  });

  it("handles events first in, first out, over many wraps of the ring", async () => {
    const bus = createAsyncBus({ capacity: 64 });
    const seen: unknown[] = [];
    bus.on("a", (event) => seen.push(event.data));
    let next = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 64 })), async (bursts) => {
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) bus.emit("a", next++);
          await quiet(bus);
        }
      }),
      { numRuns: 50 },
    );
    assertEquals(seen, Array.from({ length: next }, (_, index) => index));
  });

  it("looks handlers up when an event is handled, not when it is emitted", async () => {
    const bus = createAsyncBus();
    const calls: string[] = [];
    const early = bus.on("a", () => calls.push("early"));
    bus.emit("a");
    early.unsubscribe();
    bus.on("a", () => calls.push("late"));
    await quiet(bus);
    assertEquals(calls, ["late"]);
  });

  it("lets the event loop have a turn every 1 024 events", async () => {
    const bus = createAsyncBus();
    let calls = 0;
    bus.on("a", () => calls++);
    fill(bus, 3_000);
    await null;
    assertEquals(calls, 1_024);
    await quiet(bus);
    assertEquals(calls, 3_000);
  });

  for (
    const [name, wait] of [["", () => undefined], [
      " in promises",
      () => Promise.resolve(),
    ]] as const
  ) {
    it(`starves no timer by events that handlers emit${name}`, async () => {
      const bus = createAsyncBus();
      let stopped = false;
      bus.on("a", () => {
        if (!stopped) bus.emit("a");
        return wait();
      });
      bus.emit("a");
      await turn();
      stopped = true;
      await quiet(bus);
      assertEquals(bus.stats().failed, 0);
    });
  }

  describe("errors", () => {
    it("go to onError and lastError(), and harm no other handler or event", async () => {
      const heard: unknown[] = [];
      const bus = createAsyncBus({ onError: (error) => void heard.push(error) });
      let calls = 0;
      bus.on("a", () => {
        throw "thrown";
      });
      bus.on("a", () => Promise.reject("rejected"));
      bus.on("a", () => calls++);
      assertEquals(bus.lastError(), undefined);
      fill(bus, 2);
      await quiet(bus);
      assertEquals(calls, 2);
      assertEquals(heard.toSorted(), ["rejected", "rejected", "thrown", "thrown"]);
      assertEquals(bus.lastError(), "rejected");
      bus.clearError();
      assertEquals(bus.lastError(), undefined);
      const { emitted, processed, failed } = bus.stats();
      assertEquals([emitted, processed, failed], [2, 2, 4]);
    });

    it("may make onError emit", async () => {
      const seen: unknown[] = [];
      const bus = createAsyncBus({ onError: (error) => bus.emit("failed", error) });
      bus.on("failed", (event) => seen.push(event.data));
      bus.on("a", () => {
        throw "x";
      });
      bus.emit("a");
      await quiet(bus);
      assertEquals(seen, ["x"]);
    });
  });

  describe("concurrency", () => {
    it("bounds how many events have promises pending, and starts them in order", async () => {
      const bus = createAsyncBus({ concurrency: 2 });
      const { handler, started, settle } = held();
      bus.on("a", handler);
      fill(bus, 4);
      await turn();
      assertEquals(started, [0, 1]);
      settle[1]();
      await turn();
      assertEquals(started, [0, 1, 2]);
      settle[0]();
      settle[2]();
      await turn();
      settle[3]();
      await quiet(bus);
      assertEquals([started, bus.stats().processed], [[0, 1, 2, 3], 4]);
    });

    it("is 256 by default", async () => {
      const bus = createAsyncBus();
      const { handler, started, settle } = held();
      bus.on("a", handler);
      fill(bus, 300);
      await turn();
      assertEquals(started.length, 256);
      while (bus.stats().depth > 0) {
        for (const each of settle.splice(0)) each();
        await turn();
      }
      assertEquals(started.length, 300);
    });

    it("handles one event of a key at a time, and lets other keys pass", async () => {
      const bus = createAsyncBus();
      const { handler, started, settle } = held();
      bus.on("a", handler);
      for (const [data, key] of [["x1", "x"], ["x2", "x"], ["y1", "y"], ["x3", "x"], ["free"]]) {
        bus.emit(key === undefined ? { type: "a", data } : { type: "a", data, key });
      }
      await turn();
      assertEquals(started, ["x1", "y1", "free"]);
      settle[0]();
      await turn();
      assertEquals(started, ["x1", "y1", "free", "x2"]);
      for (let i = 1; bus.stats().depth > 0; i++) {
        settle[i]();
        await turn();
      }
      assertEquals(started, ["x1", "y1", "free", "x2", "x3"]);
    });

    it("keeps the order of each key under any load", async () => {
      const event = fc.record({ key: fc.constantFrom("x", "y", "z"), slow: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { maxLength: 60 }),
          fc.integer({ min: 1, max: 4 }),
          async (events, concurrency) => {
            const bus = createAsyncBus({ concurrency });
            const ended: Record<string, number[]> = { x: [], y: [], z: [] };
            const running = new Set<string>();
            bus.on("a", (event) => {
              const { index, slow } = event.data as { index: number; slow: boolean };
              assertEquals(running.has(event.key!), false, "one event of a key at a time");
              if (!slow) return void ended[event.key!].push(index);
              running.add(event.key!);
              return Promise.resolve().then(() => {
                running.delete(event.key!);
                ended[event.key!].push(index);
              });
            });
            const expected: Record<string, number[]> = { x: [], y: [], z: [] };
            events.forEach(({ key, slow }, index) => {
              expected[key].push(index);
              bus.emit({ type: "a", key, data: { index, slow } });
            });
            await quiet(bus);
            assertEquals([ended, bus.stats().failed], [expected, 0]);
          },
        ),
        { numRuns: 100 },
      );
    });

    it("must be a positive integer", () => {
      assertThrows(() => createAsyncBus({ concurrency: 0 }), RangeError, "current value is 0");
    });
  });

  describe("capacity", () => {
    for (const capacity of [-8, 0, 1000, 1.5, NaN, 2 ** 25]) {
      it(`refuses ${capacity}`, () => {
        assertThrows(
          () => createAsyncBus({ capacity }),
          RangeError,
          `'capacity' must be a power of two up to 2 ** 24: current value is ${capacity}`,
        );
      });
    }

    it("refuses what is no number, and an unknown overflow", () => {
      assertThrows(() => createAsyncBus({ capacity: "8" } as object), TypeError, "'capacity'");
      assertThrows(() => createAsyncBus({ overflow: "bolck" } as object), RangeError, "'overflow'");
    });
  });

  describe("capacity", () => {
    it("is 65 536 events by default", async () => {
      const bus = createAsyncBus({ overflow: "error" });
      bus.on("a", () => {});
      fill(bus, 65_536);
      assertThrows(() => bus.emit("a"), QueueFullError, "capacity is 65536 events");
      await bus.close();
    });

    it("counts events that are held back by their key", async () => {
      const bus = createAsyncBus({ capacity: 2, overflow: "error" });
      const { handler, settle } = held();
      bus.on("a", handler);
      bus.emit({ type: "a", data: 0, key: "k" });
      await turn();
      bus.emit({ type: "a", data: 1, key: "k" });
      bus.emit({ type: "a", data: 2, key: "k" });
      await turn();
      assertThrows(() => bus.emit({ type: "a", data: 3, key: "k" }), QueueFullError);
      while (bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
    });
  });

  describe("overflow: 'block'", () => {
    it("lets the emitter handle waiting events in their order", () => {
      const bus = createAsyncBus({ capacity: 4 });
      const seen: unknown[] = [];
      bus.on("a", (event) => seen.push(event.data));
      fill(bus, 5);
      assertEquals(seen, [0, 1, 2, 3]);
      assertEquals(bus.stats().depth, 1);
    });

    it("throws inside a handler, which must not wait for itself", async () => {
      const bus = createAsyncBus({ capacity: 2 });
      let error: unknown;
      bus.on("a", () => {
        try {
          fill(bus, 3, "b");
        } catch (caught) {
          error = caught;
        }
      });
      bus.on("b", () => {});
      bus.emit("a");
      await quiet(bus);
      assertEquals((error as QueueFullError).name, "QueueFullError");
      assertEquals((error as QueueFullError).message.includes("a handler must not wait"), true);
    });

    it("throws while 'concurrency' promises are pending", async () => {
      const bus = createAsyncBus({ capacity: 2, concurrency: 1 });
      const { handler, settle } = held();
      bus.on("a", handler);
      bus.emit("a", 0);
      await turn();
      fill(bus, 2);
      const error = assertThrows(() => bus.emit("a", 3), QueueFullError, "waits for promises");
      assertEquals([error.type, error.capacity, bus.stats().emitted], ["a", 2, 3]);
      while (bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
    });
  });

  describe("overflow: 'error'", () => {
    it("throws a QueueFullError, and emits nothing", async () => {
      const bus = createAsyncBus({ capacity: 2, overflow: "error" });
      const seen: unknown[] = [];
      bus.on("a", (event) => seen.push(event.data));
      fill(bus, 2);
      assertThrows(() => bus.emit("a", 2), QueueFullError, "capacity is 2 events");
      await quiet(bus);
      assertEquals([seen, bus.stats().emitted, bus.stats().dropped], [[0, 1], 2, 0]);
    });

    it("tells emitBatch() which events found no room", async () => {
      const bus = createAsyncBus({ capacity: 2, overflow: "error" });
      bus.on("a", () => {});
      const events = [0, 1, 2, 3].map((data) => ({ type: "a", data }));
      const error = assertThrows(() => bus.emitBatch(events), BatchError, "2 of 4");
      assertEquals(error.failures.map((each) => each.index), [2, 3]);
      await quiet(bus);
    });
  });

  for (
    const [overflow, kept, lost] of [
      ["drop-newest", [0, 1], [2, 3]],
      ["drop-oldest", [2, 3], [0, 1]],
    ] as const
  ) {
    describe(`overflow: '${overflow}'`, () => {
      it("drops, counts and reports one event for each that finds no room", async () => {
        const reports: DropReport[] = [];
        const bus = createAsyncBus({
          capacity: 2,
          overflow,
          onDrop: (report) => void reports.push(report),
        });
        const seen: unknown[] = [];
        bus.on("a", (event) => seen.push(event.data));
        fill(bus, 4);
        await quiet(bus);
        assertEquals(seen, [...kept]);
        assertEquals(reports.map(({ event }) => event!.data), [...lost]);
        assertEquals(reports.map(({ reason, count, type }) => ({ reason, count, type })), [
          { reason: "overflow", count: 1, type: "a" },
          { reason: "overflow", count: 1, type: "a" },
        ]);
        const { emitted, processed, dropped, depth } = bus.stats();
        assertEquals([emitted, processed, dropped, depth], [4, 2, 2, 0]);
      });
    });
  }

  it("drops the oldest, be it held back by its key, and goes on with that key", async () => {
    const dropped: unknown[] = [];
    const bus = createAsyncBus({
      capacity: 4,
      overflow: "drop-oldest",
      onDrop: ({ event }) => void dropped.push(event!.data),
    });
    const { handler, started, settle } = held();
    bus.on("a", handler);
    for (const data of [0, 1, 2, 3]) bus.emit({ type: "a", data, key: "k" });
    await turn();
    bus.emit({ type: "a", data: 4 });
    for (const data of [5, 6, 7]) bus.emit({ type: "a", data, key: "k" });
    assertEquals(dropped, [1, 2, 3], "what is held back came before what is queued");
    while (bus.stats().depth > 0) {
      settle.shift()?.();
      await turn();
    }
    assertEquals(started.toSorted(), [0, 4, 5, 6, 7]);
  });

  describe("enqueue()", () => {
    it("resolves at once where there is room", async () => {
      const bus = createAsyncBus();
      const seen: unknown[] = [];
      bus.on("a", (event) => seen.push(event.data));
      await bus.enqueue({ type: "a", data: 1 });
      await quiet(bus);
      assertEquals(seen, [1]);
    });

    it("waits for room in the order of the calls", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, started, settle } = held();
      bus.on("a", handler);
      bus.emit("a", 0);
      await turn();
      bus.emit("a", 1);
      const accepted: number[] = [];
      for (const data of [2, 3]) {
        bus.enqueue({ type: "a", data }).then(() => accepted.push(data));
      }
      await turn();
      assertEquals(accepted, []);
      settle[0]();
      await turn();
      assertEquals([started, accepted], [[0, 1], [2]]);
      for (let i = 1; bus.stats().depth > 0; i++) {
        settle[i]();
        await turn();
      }
      assertEquals([started, accepted], [[0, 1, 2, 3], [2, 3]]);
    });

    it("stands in line behind those who wait already", async () => {
      const bus = createAsyncBus({ capacity: 2, concurrency: 1 });
      const { handler, started, settle } = held();
      bus.on("a", handler);
      bus.emit("a", 0);
      await turn();
      for (const data of [1, 2]) bus.emit("a", data);
      const waiting = [3, 4, 5].map((data) => bus.enqueue({ type: "a", data }));
      settle[0]();
      await null;
      waiting.push(bus.enqueue({ type: "a", data: 6 }));
      settle.shift();
      while (started.length < 7 || bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
      await Promise.all(waiting);
      assertEquals(started, [0, 1, 2, 3, 4, 5, 6]);
    });

    it("lets go of its timer and its signal when it is accepted", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, settle } = held();
      bus.on("a", handler);
      const { signal } = new AbortController();
      let listeners = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
      signal.removeEventListener = (...args: Parameters<typeof remove>) => (
        listeners--, remove(...args)
      );
      bus.emit("a");
      await turn();
      bus.emit("a");
      const time = new FakeTime();
      try {
        const waiting = bus.enqueue({ type: "a", data: 2 }, { signal, timeout: 1_000 });
        assertEquals(listeners, 1);
        settle[0]();
        await time.runMicrotasks();
        await waiting;
        assertEquals(listeners, 0);
        await time.tickAsync(2_000);
      } finally {
        time.restore();
      }
      while (bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
    });

    it("gives up at its time-out or its signal, and emits nothing then", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1, overflow: "drop-newest" });
      const { handler, started, settle } = held();
      bus.on("a", handler);
      bus.emit("a", 0);
      await turn();
      bus.emit("a", 1);
      const time = new FakeTime();
      try {
        const late = bus.enqueue({ type: "a", data: 2 }, { timeout: 50 });
        const outcome = assertRejects(() => late, QueueFullError, "no room for 50 ms");
        await time.tickAsync(50);
        await outcome;
      } finally {
        time.restore();
      }
      const controller = new AbortController();
      const aborted = bus.enqueue({ type: "a", data: 3 }, { signal: controller.signal });
      const reason = new Error("enough");
      controller.abort(reason);
      assertStrictEquals(await aborted.catch((error) => error), reason);
      settle[0]();
      await turn();
      settle[1]();
      await quiet(bus);
      assertEquals([started, bus.stats().dropped], [[0, 1], 0]);
    });

    it("refuses bad input", async () => {
      const bus = createAsyncBus();
      const event = { type: "a", data: 1 };
      const enqueue = bus.enqueue as (type: unknown, data?: unknown) => Promise<void>;
      await assertRejects(() => enqueue("a", { id: 1 }), TypeError, "'event' must be an object");
      await assertRejects(() => bus.enqueue({ type: "", data: 1 }), TypeError, "'type' must be");
      await assertRejects(() => bus.enqueue(event, { timeout: -1 }), RangeError, "'timeout'");
      await assertRejects(() => bus.enqueue(event, { tmieout: 1 } as object), TypeError, "unknown");
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      assertStrictEquals(await bus.enqueue(event, { signal }).catch((error) => error), reason);
      await bus.close();
      await assertRejects(() => bus.enqueue(event), BusClosedError);
    });

    it("rejects whoever waits when the bus drains or closes", async () => {
      for (const end of ["drain", "close"] as const) {
        const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
        const { handler, settle } = held();
        bus.on("a", handler);
        bus.emit("a", 0);
        await turn();
        bus.emit("a", 1);
        const waiting = bus.enqueue({ type: "a", data: 2 });
        const outcome = assertRejects(() => waiting, BusClosedError);
        const ended = bus[end]();
        settle[0]();
        await turn();
        settle[1]?.();
        await ended;
        await outcome;
      }
    });
  });
});
