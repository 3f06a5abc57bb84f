import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { KINDS } from "./testdata/kinds.ts";
import { assertRefuses } from "./testdata/refusal.ts";
import { held, turn, withFakeTime } from "./testdata/waits.ts";
import type { DropReport } from "../core/bus_options.ts";

for (const [kind, create] of Object.entries(KINDS)) {
  describe(`${kind} bus`, () => {
    describe("close()", () => {
      it("refuses everything new at once, and ends every subscription", async () => {
        const bus = create();
        const subscription = bus.on("a", () => {});
        assertEquals(bus.closed, false);
        const closed = bus.close();
        assertEquals(bus.closed, true);
        assertRefuses(bus);
        assertThrows(() => bus.on("a", () => {}), BusClosedError, "subscribe to 'a'");
        assertThrows(() => bus.events("a"), BusClosedError);
        assertThrows(() => bus.asEventTarget().addEventListener("a", () => {}), BusClosedError);
        assertEquals(bus.off(subscription), false);
        assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("stays closed whatever ends afterwards", async () => {
        const bus = create();
        bus.on("a.*", () => {});
        bus.on("a.b", () => {});
        const topic = bus.topic("a.b");
        await bus.close();
        assertRefuses(bus);
        assertThrows(() => bus.emit("a.b"), BusClosedError);
        assertThrows(() => topic.emit(), BusClosedError);
      });

      it("gives every call the same promise", async () => {
        const bus = create();
        const closed = bus.close();
        assertStrictEquals(bus.close({ timeout: 5 }), closed);
        await closed;
      });

      it("may be called from a handler, which runs to its end, as do the others of its event", async () => {
        const bus = create();
        const calls: string[] = [];
        let closed: Promise<unknown> | undefined;
        bus.on("a", () => {
          closed = bus.close();
          assertThrows(() => bus.emit("a"), BusClosedError);
          calls.push("first");
        });
        bus.on("a", () => calls.push("second"));
        bus.emit("a");
        while (closed === undefined) await turn();
        assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
        assertEquals(calls, ["first", "second"]);
      });

      it("called from a handler ends when that does, not at its deadline", () =>
        withFakeTime(async (time) => {
          const bus = create();
          let report: unknown;
          bus.on("a", () => void bus.close({ timeout: 60_000 }).then((each) => report = each));
          bus.emit("a");
          await time.tickAsync(10);
          assertEquals(report, { discarded: 0, inDoubt: 0, stuck: 0 });
        }));

      it("waits for running handlers", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        bus.emit("a");
        await turn();
        let report: unknown;
        const closed = bus.close().then((each) => report = each);
        await turn();
        assertEquals(report, undefined);
        settle[0]();
        await closed;
        assertEquals(report, { discarded: 0, inDoubt: 0, stuck: 0 });
      });

      it("reports the handlers that did not end in time as stuck", () =>
        withFakeTime(async (time) => {
          const bus = create();
          const { handler } = held();
          bus.on("a", handler);
          bus.emit("a");
          bus.emit("a");
          await time.runMicrotasks();
          let report: unknown;
          const closed = bus.close().then((each) => report = each);
          await time.tickAsync(999);
          assertEquals(report, undefined);
          await time.tickAsync(1);
          await closed;
          assertEquals(report, { discarded: 0, inDoubt: 0, stuck: 2 });
        }));

      it("refuses bad options and stays open then", async () => {
        const bus = create();
        await assertRejects(() => bus.close({ timeout: -1 }), RangeError, "'timeout'");
        await assertRejects(() => bus.close({ timeout: "1" } as object), TypeError, "'timeout'");
        await assertRejects(() => bus.close({ tmieout: 1 } as object), TypeError, "unknown");
        assertEquals(bus.closed, false);
      });
    });

    it("frees what it held: 1 000 buses made, used and closed leave no subscription", async () => {
      const target = new EventTarget();
      for (let i = 0; i < 1_000; i++) {
        const bus = create();
        bus.on("a.**", () => target.dispatchEvent(new Event("x")));
        bus.emit("a.b");
        await bus.close();
        assertEquals(bus.stats().subscriptions, 0);
      }
    });
  });
}

describe("async bus", () => {
  it("close() discards what waits, counts it and reports it by type", async () => {
    const reports: DropReport[] = [];
    const bus = createAsyncBus({ onDrop: (report) => void reports.push(report) });
    bus.on("**", () => {});
    for (const type of ["a", "b", "a"]) bus.emit(type);
    assertEquals(await bus.close(), { discarded: 3, inDoubt: 0, stuck: 0 });
    assertEquals(reports, [
      { reason: "closed", count: 2, type: "a" },
      { reason: "closed", count: 1, type: "b" },
    ]);
    const { emitted, processed, dropped, depth } = bus.stats();
    assertEquals([emitted, processed, dropped, depth], [3, 0, 3, 0]);
  });

  it("close() from a handler discards the events behind it", async () => {
    const bus = createAsyncBus();
    let calls = 0;
    let closed: ReturnType<typeof bus.close> | undefined;
    bus.on("a", () => {
      calls++;
      closed = bus.close();
    });
    for (let i = 0; i < 5; i++) bus.emit("a");
    await turn();
    assertEquals([calls, await closed], [1, { discarded: 4, inDoubt: 0, stuck: 0 }]);
  });

  it("close() discards events that wait for their key, too", async () => {
    const bus = createAsyncBus();
    const { handler, settle } = held();
    bus.on("a", handler);
    for (let i = 0; i < 4; i++) bus.emit({ type: "a", data: i, key: "k" });
    await turn();
    const closed = bus.close();
    settle[0]();
    assertEquals(await closed, { discarded: 3, inDoubt: 0, stuck: 0 });
    assertEquals([settle.length, bus.stats().depth], [1, 0]);
  });
});
