import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { UnsupportedError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { fill } from "./testdata/kinds.ts";
import { held, quiet, turn } from "./testdata/waits.ts";

describe("async bus", () => {
  it("is ready at once without threads, and has no memory to write into", async () => {
    const bus = createAsyncBus();
    await bus.ready;
    let calls = 0;
    bus.on("a", () => calls++);
    assertThrows(
      () => bus.write("a", 1, () => {}),
      UnsupportedError,
      "Cannot write an event in place as the bus has no threads",
    );
    await bus.drain();
    assertEquals(calls, 0);
  });

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

  for (const pattern of ["a", "*"]) {
    it(`looks handlers of '${pattern}' up when an event is handled, not when it is emitted`, async () => {
      const bus = createAsyncBus();
      const calls: string[] = [];
      const early = bus.on(pattern, () => calls.push("early"));
      bus.emit("a");
      early.unsubscribe();
      bus.on(pattern, () => calls.push("late"));
      await quiet(bus);
      assertEquals(calls, ["late"]);
    });
  }

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

    it("goes on with what its key has held back before what came later", async () => {
      const bus = createAsyncBus({ concurrency: 2 });
      const { handler, started, settle } = held();
      bus.on("a", handler);
      for (const [data, key] of [["x1", "x"], ["x2", "x"], ["y1", "y"], ["z1", "z"]]) {
        bus.emit({ type: "a", data, key: key! });
      }
      await turn();
      assertEquals(started, ["x1", "y1"]);
      settle[0]();
      await turn();
      assertEquals(started, ["x1", "y1", "x2"]);
      for (let i = 1; bus.stats().depth > 0; i++) {
        settle[i]();
        await turn();
      }
      assertEquals(started, ["x1", "y1", "x2", "z1"]);
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
});
