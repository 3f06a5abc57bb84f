import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PatternError } from "../core/errors.ts";
import { createFlowBus } from "./flow.ts";
import { withFakeTime } from "./testdata/waits.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { Subscription } from "../core/subscription.ts";
import type { BusEvent } from "../core/event.ts";
import type { FlowOptions, Stage } from "./flow.ts";

/** A bus whose first stage notes what data each batch carries. */
function recording(options: FlowOptions = {}) {
  const batches: unknown[][] = [];
  const record: Stage = (events) => void batches.push(events.map(({ data }) => data));
  const bus = createFlowBus({ ...options, stages: [record, ...options.stages ?? []] });
  return { bus, batches };
}

const data = (events: readonly BusEvent[]) => events.map((event) => event.data);

describe("a batch", () => {
  it("leaves when it has 'batchSize' events, in a microtask", async () => {
    const { bus, batches } = recording({ batchSize: 3 });
    for (let i = 0; i < 7; i++) bus.emit("a", i);
    assertEquals(batches, []);
    await null;
    assertEquals(batches, [[0, 1, 2], [3, 4, 5]]);
    await bus.drain();
    assertEquals(batches, [[0, 1, 2], [3, 4, 5], [6]]);
  });

  it("leaves when its first event is 'batchTimeout' old, not its last", () =>
    withFakeTime(async (time) => {
      const { bus, batches } = recording({ batchTimeout: 50 });
      bus.emit("a", 1);
      await time.tickAsync(30);
      bus.emit("a", 2);
      await time.tickAsync(19);
      assertEquals(batches, []);
      await time.tickAsync(1);
      assertEquals(batches, [[1, 2]]);
      await bus.drain();
    }));

  it("has its own time, when the one before has left by its size", () =>
    withFakeTime(async (time) => {
      const { bus, batches } = recording({ batchSize: 2, batchTimeout: 50 });
      bus.emit("a", 1);
      await time.tickAsync(20);
      bus.emit("a", 2);
      bus.emit("a", 3);
      await time.tickAsync(49);
      assertEquals(batches, [[1, 2]]);
      await time.tickAsync(1);
      assertEquals(batches, [[1, 2], [3]]);
      await bus.drain();
    }));

  it("leaves in time though the clock is set back", () =>
    withFakeTime(async (time) => {
      const { bus, batches } = recording({ batchSize: 2, batchTimeout: 50 });
      for (let i = 1; i <= 3; i++) bus.emit("a", i);
      const { Date } = globalThis;
      globalThis.Date = { now: () => Date.now() - 3_600_000 } as DateConstructor;
      await time.tickAsync(100);
      globalThis.Date = Date;
      assertEquals(batches, [[1, 2], [3]]);
      await bus.drain();
    }));

  it("waits 100 ms for 256 events unless told otherwise", () =>
    withFakeTime(async (time) => {
      const { bus, batches } = recording();
      for (let i = 0; i < 257; i++) bus.emit("a", i);
      await time.tickAsync(99);
      assertEquals(batches.map(({ length }) => length), [256]);
      await time.tickAsync(1);
      assertEquals(batches.map(({ length }) => length), [256, 1]);
      await bus.drain();
    }));

  it("leaves in the next microtask with a 'batchTimeout' of 0", async () => {
    const { bus, batches } = recording({ batchTimeout: 0 });
    bus.emit("a", 1);
    bus.emit("a", 2);
    await null;
    assertEquals(batches, [[1, 2]]);
    bus.emit("a", 3);
    await null;
    assertEquals(batches, [[1, 2], [3]]);
  });

  it("with a 'batchTimeout' of Infinity leaves only when it is full or flushed", () =>
    withFakeTime(async (time) => {
      const { bus, batches } = recording({ batchTimeout: Infinity });
      bus.emit("a", 1);
      await time.tickAsync(2 ** 32);
      assertEquals(batches, []);
      await bus.flush();
      assertEquals(batches, [[1]]);
    }));

  it("is not lost with one handler that fails: that costs one event (A.4)", async () => {
    const failures: unknown[] = [];
    const bus = createFlowBus({
      batchSize: 50,
      onError: (error, { event, subscription }) =>
        failures.push([error, event?.data, subscription?.pattern]),
    });
    const handled: unknown[] = [];
    bus.on("a", (event) => {
      if (event.data === 1) throw "broken";
      handled.push(event.data);
    });
    for (let i = 0; i < 50; i++) bus.emit("a", i);
    await bus.drain();
    assertEquals(handled.length, 49);
    assertEquals(failures, [["broken", 1, "a"]]);
    const { emitted, processed, failed } = bus.stats();
    assertEquals([emitted, processed, failed], [50, 50, 1]);
  });

  it("is handled type by type, also with a single exact pattern", async () => {
    const bus = createFlowBus();
    const seen: string[] = [];
    bus.on("a", ({ type }) => seen.push(type));
    bus.emitBatch([{ type: "a" }, { type: "b" }, { type: "a.b" }, { type: "a" }]);
    await bus.drain();
    assertEquals(seen, ["a", "a"]);
  });

  it("finds the subscriptions that there are when an event's turn comes", async () => {
    const bus = createFlowBus();
    const seen: unknown[] = [];
    const first: Subscription = bus.on("a", ({ data }) => {
      seen.push(data);
      first.unsubscribe();
      bus.on("a", ({ data }) => seen.push(`later ${data}`));
    });
    for (const data of [1, 2]) bus.emit("a", data);
    await bus.drain();
    assertEquals(seen, [1, "later 2"]);
  });

  it("lets the event loop have a turn every 1 024 events", async () => {
    const bus = createFlowBus({ batchSize: 100 });
    let handled = 0;
    bus.on("a", () => handled++);
    const handledAtTurn = new Promise<number>((resolve) => setTimeout(() => resolve(handled), 0));
    for (let i = 0; i < 60_000; i++) bus.emit("a");
    const drained = bus.drain();
    assertEquals(await handledAtTurn < bus.stats().emitted, true);
    await drained;
    assertEquals(handled, bus.stats().emitted);
  });
});

describe("onBatch()", () => {
  it("gets the events of a batch that match, in registration order, after the handlers of on()", async () => {
    const bus = createFlowBus();
    const calls: unknown[] = [];
    bus.onBatch("b", (events) => calls.push(["b", data(events)]));
    bus.onBatch("**", (events) => calls.push(["**", data(events)]));
    bus.onBatch("*.x", (events) => calls.push(["*.x", data(events)]));
    bus.onBatch("nobody", () => calls.push("nobody"));
    bus.on("a", ({ data }) => calls.push(data));
    for (const [type, value] of [["a", 1], ["b", 2], ["a.x", 3], ["b", 4]] as const) {
      bus.emit(type, value);
    }
    await bus.drain();
    assertEquals(calls, [1, ["b", [2, 4]], ["**", [1, 2, 3, 4]], ["*.x", [3]]]);
  });

  it("is called for a handler that listens to single events, too: those are two subscriptions", async () => {
    const bus = createFlowBus();
    const got: unknown[] = [];
    const handler = (given: unknown) => got.push(Array.isArray(given) ? "batch" : "event");
    bus.on("a", handler);
    bus.onBatch("a", handler);
    bus.emit("a", 1);
    bus.emit("a", 2);
    assertEquals(bus.stats().subscriptions, 2);
    await bus.flush();
    assertEquals(got, ["event", "event", "batch"]);
  });

  it("gives each handler an array of its own", async () => {
    const bus = createFlowBus({ batchSize: 2 });
    const kept: BusEvent[][] = [];
    bus.onBatch("**", (events) => kept.push(events) && events.reverse());
    bus.onBatch("*", (events) => kept.push(events));
    for (let i = 0; i < 4; i++) bus.emit("a", i);
    await bus.drain();
    assertEquals(kept.map(data), [[1, 0], [0, 1], [3, 2], [2, 3]]);
  });

  it("takes 'once' and 'signal', and ends with its subscription", async () => {
    const bus = createFlowBus({ batchTimeout: 0 });
    const calls: string[] = [];
    const controller = new AbortController();
    bus.onBatch("a", () => calls.push("once"), { once: true });
    bus.onBatch("a", () => calls.push("signal"), { signal: controller.signal });
    const off = bus.onBatch("a", () => calls.push("off"));
    bus.emit("a");
    await bus.flush();
    controller.abort();
    assertEquals([bus.off(off), bus.off(off), off.unsubscribe()], [true, false, false]);
    bus.emit("a");
    await bus.flush();
    assertEquals([calls, bus.stats().subscriptions], [["once", "signal", "off"], 0]);
  });

  it("does not call a handler that was unsubscribed during the batch", async () => {
    const bus = createFlowBus();
    let calls = 0;
    const subscription = bus.onBatch("a", () => calls++);
    bus.on("a", () => subscription.unsubscribe());
    bus.emit("a");
    await bus.drain();
    assertEquals([calls, bus.stats().processed], [0, 1]);
  });

  it("reports a handler that throws or rejects once, and calls the others", async () => {
    const contexts: FlowErrorContext[] = [];
    const errors: unknown[] = [];
    const bus = createFlowBus({
      onError: (error, context) => void (errors.push(error), contexts.push(context)),
    });
    let calls = 0;
    const thrower = bus.onBatch("a", () => {
      throw "thrown";
    });
    bus.onBatch("a", () => Promise.reject("rejected"));
    bus.onBatch("a", () => calls++);
    const events = [1, 2].map((data) => ({ type: "a", data }));
    bus.emitBatch(events);
    await bus.drain();
    assertEquals([errors, calls, bus.stats().failed], [["thrown", "rejected"], 1, 2]);
    assertStrictEquals(contexts[0].subscription, thrower);
    assertEquals(contexts[0].events, events);
    assertEquals(contexts[0].event, undefined);
  });

  it("refuses what on() refuses", () => {
    const bus = createFlowBus();
    assertThrows(() => bus.onBatch("a..b", () => {}), PatternError);
    assertThrows(() => bus.onBatch("a", 5 as never), TypeError, "'handler' must be a function");
    assertThrows(() => bus.onBatch("a", () => {}, { onse: 1 } as object), TypeError, "'onse'");
    assertEquals(bus.stats().subscriptions, 0);
  });
});
