import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BatchError, QueueFullError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { fill } from "./testdata/kinds.ts";
import { held, quiet, turn } from "./testdata/waits.ts";
import type { DropReport } from "../core/bus_options.ts";

describe("async bus", () => {
  describe("capacity", () => {
    for (const capacity of [-8, 0, 1000, 1.5, NaN, 2 ** 25]) {
      it(`refuses ${capacity}`, () => {
        assertThrows(
          () => createAsyncBus({ capacity }),
          RangeError,
          `'capacity' must be a power of two from 1 to 16777216: current value is ${capacity}`,
        );
      });
    }

    it("refuses what is no number, and an unknown overflow", () => {
      assertThrows(() => createAsyncBus({ capacity: "8" } as object), TypeError, "'capacity'");
      assertThrows(() => createAsyncBus({ overflow: "bolck" } as object), RangeError, "'overflow'");
    });

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
});
