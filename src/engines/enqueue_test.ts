import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { countedSignal } from "./testdata/counted_signal.ts";
import { held, quiet, turn } from "./testdata/waits.ts";

describe("async bus", () => {
  describe("enqueue()", () => {
    it("resolves at once where there is room", async () => {
      const bus = createAsyncBus();
      const seen: unknown[] = [];
      bus.on("a", (event) => seen.push(event.data));
      await bus.enqueue({ type: "a", data: 1 });
      await quiet(bus);
      assertEquals(seen, [1]);
    });

    it("resolves at once for an event that nobody wants, though the queue is full", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, settle } = held();
      bus.on("a", handler);
      bus.emit("a");
      await turn();
      bus.emit("a");
      await bus.enqueue({ type: "unwanted", data: 1 }, { timeout: 0 });
      assertEquals([bus.stats().emitted, bus.stats().processed], [3, 1]);
      while (bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
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

    it("stands in line in a handler, too, though that has just made room", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, started, settle } = held();
      const waiting: Promise<void>[] = [];
      bus.on("a", (event) => {
        if (event.data === 1) waiting.push(bus.enqueue({ type: "a", data: 3 }));
        return handler(event);
      });
      bus.emit("a", 0);
      await turn();
      bus.emit("a", 1);
      waiting.push(bus.enqueue({ type: "a", data: 2 }));
      while (started.length < 4 || bus.stats().depth > 0) {
        settle.shift()?.();
        await turn();
      }
      await Promise.all(waiting);
      assertEquals(started, [0, 1, 2, 3]);
    });

    it("is refused while the bus drains, but not what a handler emits after that", async () => {
      const bus = createAsyncBus({ capacity: 2, concurrency: 1 });
      const { handler, settle } = held();
      let echoes = 0;
      bus.on("echo", () => echoes++);
      bus.on("a", (event) => {
        if (event.data === 0) return handler(event);
        bus.emit("echo");
      });
      bus.emit("a", 0);
      await turn();
      for (const data of [1, 2]) bus.emit("a", data);
      const says = "Cannot enqueue 'a' as the bus is closed";
      const refused = assertRejects(
        () => bus.enqueue({ type: "a", data: 3 }),
        BusClosedError,
        says,
      );
      const drained = bus.drain();
      settle[0]();
      await Promise.all([refused, drained]);
      assertEquals([echoes, bus.stats().failed], [2, 0]);
    });

    it("lets go of its timer and its signal when it is accepted", async () => {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, settle } = held();
      bus.on("a", handler);
      const { signal, listeners } = countedSignal();
      bus.emit("a");
      await turn();
      bus.emit("a");
      const time = new FakeTime();
      try {
        const waiting = bus.enqueue({ type: "a", data: 2 }, { signal, timeout: 1_000 });
        assertEquals(listeners(), 1);
        settle[0]();
        await time.runMicrotasks();
        await waiting;
        assertEquals([listeners(), time.next()], [0, false]);
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
      const says = "Cannot enqueue as 'type' must be a non-empty string: current value is ''";
      await assertRejects(() => bus.enqueue({ type: "", data: 1 }), TypeError, says);
      await assertRejects(() => bus.enqueue(event, { timeout: -1 }), RangeError, "'timeout'");
      await assertRejects(() => bus.enqueue(event, { tmieout: 1 } as object), TypeError, "unknown");
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      assertStrictEquals(await bus.enqueue(event, { signal }).catch((error) => error), reason);
      await bus.close();
      const late = "Cannot enqueue 'a' as the bus is closed";
      await assertRejects(() => bus.enqueue(event), BusClosedError, late);
    });

    /** A bus that is full, and a promise of how an `enqueue` on it ends. */
    async function waiting() {
      const bus = createAsyncBus({ capacity: 1, concurrency: 1 });
      const { handler, settle } = held();
      bus.on("a", handler);
      bus.emit("a", 0);
      await turn();
      bus.emit("a", 1);
      const refused = assertRejects(() => bus.enqueue({ type: "a", data: 2 }), BusClosedError);
      return { bus, settle, refused };
    }

    it("rejects whoever waits when the bus closes, though its handlers do not end", async () => {
      const { bus, settle, refused } = await waiting();
      assertEquals(await bus.close({ timeout: 0 }), { discarded: 1, inDoubt: 0, stuck: 1 });
      await refused;
      settle[0]();
    });

    it("rejects whoever waits when the bus drains or closes", async () => {
      for (const end of ["drain", "close"] as const) {
        const { bus, settle, refused } = await waiting();
        const ended = bus[end]();
        settle[0]();
        await turn();
        settle[1]?.();
        await ended;
        await refused;
      }
    });
  });
});
