import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, DrainTimeoutError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { createSyncBus } from "./sync.ts";
import { countedSignal } from "./testdata/counted_signal.ts";
import { KINDS } from "./testdata/kinds.ts";
import { assertRefuses } from "./testdata/refusal.ts";
import { held, turn, withFakeTime } from "./testdata/waits.ts";

for (const [kind, create] of Object.entries(KINDS)) {
  describe(`${kind} bus`, () => {
    describe("drain()", () => {
      it("waits until every delivery has settled, then closes", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        for (let i = 0; i < 3; i++) bus.emit("a");
        await turn();
        let drained = false;
        const done = bus.drain().then(() => drained = true);
        assertEquals(bus.closed, true);
        assertRefuses(bus);
        for (const each of settle.slice(0, 2)) each();
        await turn();
        assertEquals(drained, false);
        settle[2]();
        await done;
        assertEquals(bus.stats().processed, 3);
        assertThrows(() => bus.on("a", () => {}), BusClosedError);
      });

      it("accepts what handlers emit before their first await, and refuses what comes after", async () => {
        const bus = create();
        const handled: unknown[] = [];
        const outcome: unknown[] = [];
        bus.on("b", (event) => handled.push(event.data));
        bus.on("a", async () => {
          bus.emit("b", "before");
          await turn();
          try {
            bus.emit("b", "after");
          } catch (error) {
            outcome.push((error as Error).name);
          }
        });
        let draining: Promise<void> | undefined;
        bus.on("start", () => {
          draining = bus.drain();
          bus.emit("a");
        });
        bus.emit("start");
        while (draining === undefined) await turn();
        await draining;
        assertEquals([handled, outcome], [["before"], ["BusClosedError"]]);
      });

      it("rejects with what remains after its time-out, and closes all the same", () =>
        withFakeTime(async (time) => {
          const bus = create();
          const { handler } = held();
          bus.on("a", handler);
          bus.emit("a");
          await time.runMicrotasks();
          const drained = assertRejects(() => bus.drain(), DrainTimeoutError, "within 30000 ms");
          await time.tickAsync(30_000);
          const error = await drained;
          assertEquals((error as DrainTimeoutError).remaining, 1);
          assertThrows(() => bus.on("a", () => {}), BusClosedError);
        }));

      it("rejects with the signal's reason, and closes all the same", async () => {
        for (const early of [true, false]) {
          const bus = create();
          const { handler, settle } = held();
          bus.on("a", handler);
          bus.emit("a");
          await turn();
          const controller = new AbortController();
          const reason = new Error("enough");
          if (early) controller.abort(reason);
          const drained = bus.drain({ signal: controller.signal }).catch((error) => error);
          await turn();
          controller.abort(reason);
          assertStrictEquals(await drained, reason);
          assertThrows(() => bus.on("a", () => {}), BusClosedError);
          settle[0]();
        }
      });

      it("refuses what topic handles emit from outside", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        const topic = bus.topic("a");
        topic.emit();
        await turn();
        const drained = bus.drain();
        assertThrows(() => topic.emit(), BusClosedError);
        settle[0]();
        await drained;
      });

      it("waits for ever if told so", () =>
        withFakeTime(async (time) => {
          const bus = create();
          const { handler, settle } = held();
          bus.on("a", handler);
          bus.emit("a");
          await time.runMicrotasks();
          let drained = false;
          const done = bus.drain({ timeout: Infinity }).then(() => drained = true);
          await time.tickAsync(2 ** 32);
          assertEquals(drained, false);
          settle[0]();
          await done;
        }));

      it("resolves when what close() gave up as stuck has ended all the same", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        bus.emit("a");
        await turn();
        const drained = bus.drain().then(() => "drained", (error) => error.name);
        const { stuck } = await bus.close({ timeout: 0 });
        settle[0]();
        assertEquals([stuck, await drained], [1, "drained"]);
      });

      it("waits for what a close() under way waits for", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        bus.emit("a");
        await turn();
        const closed = bus.close({ timeout: 60_000 });
        const drained = bus.drain().then(() => "drained", (error) => error.name);
        await turn();
        settle[0]();
        assertEquals([(await closed).stuck, await drained], [0, "drained"]);
      });

      it("may be called twice, before and after close", async () => {
        const bus = create();
        const { handler, settle } = held();
        bus.on("a", handler);
        bus.emit("a");
        await turn();
        const both = Promise.all([bus.drain(), bus.drain()]);
        settle[0]();
        await both;
        await bus.drain();
        assertEquals(await bus.close(), { discarded: 0, inDoubt: 0, stuck: 0 });
      });

      it("refuses bad options and stays open then", async () => {
        const bus = create();
        await assertRejects(() => bus.drain({ timeout: NaN }), RangeError, "'timeout'");
        await assertRejects(() => bus.drain({ signal: 1 } as object), TypeError, "'signal'");
        assertEquals(bus.closed, false);
        await bus.drain({ timeout: Infinity });
      });

      it("is what [Symbol.asyncDispose] does", async () => {
        const bus = create();
        let handled = false;
        bus.on("a", async () => {
          await turn();
          handled = true;
        });
        bus.emit("a");
        await bus[Symbol.asyncDispose]();
        assertEquals([handled, bus.closed], [true, true]);
        await bus[Symbol.asyncDispose]();
      });

      it("leaves no timer and no listener behind", async () => {
        const { signal, listeners } = countedSignal();
        const bus = create();
        bus.on("a", turn);
        bus.emit("a");
        await bus.drain({ signal });
        assertEquals(listeners(), 0);
      });
    });
  });
}

describe("sync bus", () => {
  it("drain() waits for emitAsync()", async () => {
    const bus = createSyncBus();
    bus.on("a", turn);
    let emitted = false;
    bus.emitAsync("a").then(() => emitted = true);
    await bus.drain();
    await null;
    assertEquals([emitted, bus.stats().processed], [true, 1]);
  });
});

describe("sync bus that drains", () => {
  it("accepts what a handler of emitAsync() emits before its first await, and nothing after", async () => {
    const bus = createSyncBus();
    let handled = 0;
    let drained: Promise<void> | undefined;
    bus.on("b", () => handled++);
    bus.on("a", async () => {
      drained = bus.drain();
      bus.emit("b");
      await turn();
      assertThrows(() => bus.emit("b"), BusClosedError);
    });
    await bus.emitAsync("a");
    await drained;
    assertEquals(handled, 1);
  });

  it("is woken by the end of emitAsync()", () =>
    withFakeTime(async (time) => {
      const bus = createSyncBus();
      bus.on("a", () => new Promise((resolve) => setTimeout(resolve, 5)));
      bus.emitAsync("a");
      let drained = false;
      bus.drain().then(() => drained = true);
      await time.tickAsync(5);
      assertEquals(drained, true);
    }));
});

describe("async bus", () => {
  it("drain() handles all that was accepted, over several turns of the event loop", async () => {
    const bus = createAsyncBus();
    let calls = 0;
    bus.on("a", () => calls++);
    for (let i = 0; i < 10_000; i++) bus.emit("a");
    await bus.drain();
    assertEquals([calls, bus.stats().processed], [10_000, 10_000]);
  });

  it("drain() is woken when close() discards all that it waits for", () =>
    withFakeTime(async () => {
      const bus = createAsyncBus();
      bus.on("a", () => {});
      for (let i = 0; i < 5_000; i++) bus.emit("a");
      const drained = bus.drain().catch((error) => error.name);
      // The burst of 1 024, then the drain's own wait.
      for (let i = 0; i < 5; i++) await null;
      assertEquals((await bus.close()).discarded, 5_000 - 1_024);
      assertEquals(await drained, "DrainTimeoutError");
    }));

  it("drain() says that close() has cut it short", async () => {
    const bus = createAsyncBus();
    bus.on("a", () => {});
    bus.emit("a");
    const drained = assertRejects(() => bus.drain(), DrainTimeoutError, "drain the bus to its end");
    assertEquals((await bus.close()).discarded, 1);
    assertEquals((await drained as DrainTimeoutError).remaining, 1);
  });

  it("drain() tells a second one what the first gave up", () =>
    withFakeTime(async (time) => {
      const bus = createAsyncBus({ concurrency: 1 });
      const { handler } = held();
      bus.on("a", handler);
      for (let i = 0; i < 3; i++) bus.emit("a");
      await time.runMicrotasks();
      const first = assertRejects(() => bus.drain({ timeout: 10 }), DrainTimeoutError);
      const second = assertRejects(() => bus.drain({ timeout: 20 }), DrainTimeoutError);
      await time.tickAsync(20);
      assertEquals([(await first as DrainTimeoutError).remaining], [3]);
      assertEquals([(await second as DrainTimeoutError).remaining], [3]);
    }));
});
