import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PatternError, QueueFullError } from "./errors.ts";
import { createSyncBus } from "../engines/sync.ts";
import type { DropReport } from "./bus_options.ts";
import type { EventIterator } from "./subscription.ts";
import type { BusEvent } from "./event.ts";

async function collect(events: EventIterator<BusEvent>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const event of events) seen.push(event.data);
  return seen;
}

describe("events()", () => {
  it("gives every event from the call on, in order", async () => {
    const bus = createSyncBus();
    bus.emit("a.x", 0);
    const events = bus.events("a.*");
    bus.emit("a.x", 1);
    bus.emit("b", 2);
    bus.emit("a.y", 3);
    assertEquals((await events.next()).value, { type: "a.x", data: 1 });
    const next = events.next();
    const after = events.next();
    assertEquals((await next).value, { type: "a.y", data: 3 });
    bus.emit("a.z", 4);
    assertEquals((await after).value, { type: "a.z", data: 4 });
    await events.return();
  });

  it("ends at close() after what it has buffered", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    await bus.close();
    assertEquals(await collect(events), [0, 1, 2]);
    assertEquals(await events.next(), { done: true, value: undefined });
  });

  it("ends every consumer that waits when the bus closes", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    const waiting = [events.next(), events.next()];
    await bus.close();
    const done = { done: true, value: undefined } as const;
    assertEquals(await Promise.all(waiting), [done, done]);
  });

  it("ends the subscription when the loop is left", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    bus.emit("a", 1);
    for await (const event of events) {
      assertEquals(event.data, 1);
      break;
    }
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("return() before the first next(), and while one waits, ends it at once", async () => {
    const bus = createSyncBus();
    const unused = bus.events("a");
    bus.emit("a", 1);
    assertEquals(await unused.return(), { done: true, value: undefined });
    assertEquals(await unused.next(), { done: true, value: undefined });
    const waiting = bus.events("a");
    const next = waiting.next();
    await waiting.return();
    assertEquals(await next, { done: true, value: undefined });
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("is disposed of by [Symbol.asyncDispose]", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    await events[Symbol.asyncDispose]();
    assertEquals(bus.stats().subscriptions, 0);
    assertEquals((await events.next()).done, true);
  });

  it("ends after what it has buffered when its signal aborts", async () => {
    const bus = createSyncBus();
    const controller = new AbortController();
    const events = bus.events("a", { signal: controller.signal });
    bus.emit("a", 1);
    controller.abort();
    bus.emit("a", 2);
    assertEquals(await collect(events), [1]);
    assertEquals(await collect(bus.events("a", { signal: controller.signal })), []);
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("ends with a QueueFullError after what it has buffered when the consumer is too slow", async () => {
    const bus = createSyncBus();
    const events = bus.events("a", { capacity: 2 });
    for (let i = 0; i < 5; i++) bus.emit("a", i);
    assertEquals(bus.stats().subscriptions, 0);
    assertEquals([(await events.next()).value?.data, (await events.next()).value?.data], [0, 1]);
    const error = await assertRejects(() => events.next(), QueueFullError, "too slow");
    assertEquals([error.type, error.capacity], ["a", 2]);
    assertEquals((await events.next()).done, true);
  });

  it("buffers 1 024 events by default", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    for (let i = 0; i < 1_024; i++) bus.emit("a", i);
    assertEquals(bus.stats().subscriptions, 1);
    bus.emit("a", 1_024);
    assertEquals(bus.stats().subscriptions, 0);
    await events.return();
  });

  for (
    const [overflow, kept, lost] of [
      ["drop-newest", [0, 1], [2, 3]],
      ["drop-oldest", [2, 3], [0, 1]],
    ] as const
  ) {
    it(`with overflow '${overflow}' drops, counts and reports what finds no room`, async () => {
      const reports: DropReport[] = [];
      const bus = createSyncBus({ onDrop: (report) => void reports.push(report) });
      const events = bus.events("a", { capacity: 2, overflow });
      for (let i = 0; i < 4; i++) bus.emit("a", i);
      await bus.close();
      assertEquals(await collect(events), [...kept]);
      assertEquals(reports.map(({ event }) => event?.data), [...lost]);
      assertEquals(reports[0].reason, "overflow");
      assertEquals(bus.stats().failed, 2);
    });
  }

  it("hands events to consumers that wait, past any capacity", async () => {
    const bus = createSyncBus();
    const events = bus.events("a", { capacity: 1 });
    const waiting = [events.next(), events.next(), events.next()];
    await null;
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    assertEquals((await Promise.all(waiting)).map(({ value }) => value?.data), [0, 1, 2]);
    await events.return();
  });

  it("throw() ends the subscription and a consumer that waits", async () => {
    const bus = createSyncBus();
    const events = bus.events("a");
    const next = events.next();
    await assertRejects(() => events.throw!(new Error("enough")), Error, "enough");
    assertEquals([(await next).done, bus.stats().subscriptions], [true, 0]);
  });

  it("takes no event after its end, not even of an emit that runs", async () => {
    const bus = createSyncBus();
    bus.on("a", () => void events.return());
    const events = bus.events("a");
    const next = events.next();
    bus.emit("a");
    assertEquals((await next).done, true);
    assertEquals((await events.next()).done, true);
  });

  it("takes the time of its length to empty a large buffer", async () => {
    const bus = createSyncBus();
    const events = bus.events("a", { capacity: 200_000 });
    for (let i = 0; i < 200_000; i++) bus.emit("a", i);
    await bus.close();
    assertEquals((await collect(events)).length, 200_000);
  });

  it("counts and reports the event that ended it", async () => {
    const reports: DropReport[] = [];
    const bus = createSyncBus({ onDrop: (report) => void reports.push(report) });
    const events = bus.events("a", { capacity: 1 });
    bus.emit("a", 1);
    bus.emit("a", 2);
    assertEquals([reports.map(({ event }) => event?.data), bus.stats().failed], [[2], 1]);
    await events.return();
    assertEquals((await events.next()).done, true);
  });

  it("becomes a web stream", async () => {
    const from = (ReadableStream as { from?: (source: AsyncIterable<BusEvent>) => ReadableStream })
      .from;
    if (from === undefined) return;
    const bus = createSyncBus();
    const reader = from.call(ReadableStream, bus.events("a")).getReader();
    bus.emit("a", 1);
    assertEquals((await reader.read()).value.data, 1);
    await reader.cancel();
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("refuses bad input at the call", () => {
    const bus = createSyncBus();
    assertThrows(() => bus.events("a..b"), PatternError);
    assertThrows(() => bus.events("a", { capacity: 0 }), RangeError, "'capacity'");
    assertThrows(() => bus.events("a", { overflow: "drop" } as object), RangeError, "'overflow'");
    assertThrows(() => bus.events("a", { limit: 1 } as object), TypeError, "unknown");
    assertEquals(bus.stats().subscriptions, 0);
  });
});
