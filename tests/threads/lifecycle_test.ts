import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, DrainTimeoutError, forAsync, forFlow } from "../../mod.ts";
import type { CloseReport, DropReport } from "../../mod.ts";
import { currentColumn } from "../runtimes/_table.ts";
import { CANNOT_END, collect, moduleOf, startWorker, TRANSPORT, withBus } from "./_buses.ts";

const HERE = currentColumn();
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("options of a bus with threads", () => {
  for (
    const [options, error, message] of [
      [{ threads: 0 }, RangeError, "'threads' must be an integer from 1 to 511"],
      [
        { threads: 512, capacity: 1_024 },
        RangeError,
        "'threads' must be an integer from 1 to 511: current value is 512",
      ],
      [
        { threads: 64 },
        RangeError,
        "'threads' must be at most 31 with rings of 262144 bytes: current value is 64",
      ],
      [{ capacity: 1000 }, RangeError, "'capacity' must be a power of two"],
      [{ handlers: "./a.ts" }, TypeError, "'handlers' must be a URL or a function"],
      [{ handlers: undefined }, TypeError, "'handlers' must be a URL or a function"],
      [{ handlers: () => ({}), maxRestarts: -1 }, RangeError, "'maxRestarts'"],
      [{ maxCrashes: 32_768 }, RangeError, "'maxCrashes' must be an integer from 1 to 32767"],
      [{ park: "sleep" }, RangeError, "'park' must be one of async, block"],
      [{ driver: "fork" }, RangeError, "'driver' must be one of"],
      [{ valueCodec: {} }, TypeError, "'valueCodec' must be an object with 'encode'"],
      [{ deferred: true }, TypeError, "'deferred' is unknown"],
    ] as const
  ) {
    it(`are refused: ${JSON.stringify(options)}`, () => {
      const all = { handlers: moduleOf("kinds"), ...options };
      assertThrows(() => forAsync(all as never), error, message);
    });
  }

  it("are refused where a handler would be for every thread, and there are none", () => {
    const bus = forAsync();
    assertThrows(() => bus.on("a", () => {}, { each: true }), TypeError, "'each' is unknown");
    assertThrows(() => bus.write("a", 1, () => {}), Error, "the bus has no threads");
  });
});

describe("a bus with threads", () => {
  for (
    const [owner, name] of [
      [globalThis, "SharedArrayBuffer"],
      [Atomics, "waitAsync"],
    ] as const
  ) {
    it(`goes by messages where there is no ${name}`, async () => {
      const property = Object.getOwnPropertyDescriptor(owner, name);
      Reflect.deleteProperty(owner, name);
      const bus = forAsync({ handlers: moduleOf("kinds"), threads: 1 });
      if (property !== undefined) Object.defineProperty(owner, name, property);
      assertEquals(bus.capabilities, { engine: "async", threads: 1, transport: "messages" });
      await bus.ready;
      const seen = collect(bus, "seen", 1);
      bus.emit("value", 1);
      assertEquals(await seen, [{ kind: "number", value: 1 }]);
      assertEquals(await bus.close(), { discarded: 0, inDoubt: 0, stuck: 0 });
    });
  }

  it("tells what it uses", async () => {
    await withBus("kinds", {}, async (bus) => {
      assertEquals(bus.capabilities, { engine: "async", threads: 2, transport: TRANSPORT });
      await bus.ready;
    });
  });

  it("delivers each of many lone events on an idle bus (lost wake-ups, A.1)", async () => {
    await withBus("kinds", {}, async (bus) => {
      let wake = (_data: unknown) => {};
      bus.on("answer.me", ({ data }) => wake(data));
      for (let trial = 0; trial < 1_000; trial++) {
        const answer = new Promise((resolve) => wake = resolve);
        bus.emit("ask");
        await answer;
        // Every other time both sides have gone to sleep.
        if (trial % 2 === 0) await turn();
      }
    });
  });

  it("drain() loses nothing (A.2)", async () => {
    for (let round = 0; round < 8; round++) {
      await withBus("kinds", {}, async (bus) => {
        let seen = 0;
        bus.on("seen", () => seen++);
        for (let i = 0; i < 500; i++) bus.emit("value", i);
        await bus.drain();
        assertEquals(seen, 500);
        const { emitted, processed, dropped } = bus.stats();
        assertEquals([emitted, dropped], [processed, 0]);
      });
    }
  });

  it("drain() accepts what handlers of threads emit, and refuses all else", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "seen", 1);
      bus.emit("chain", 100);
      const drained = bus.drain();
      assertThrows(() => bus.emit("value", 1), BusClosedError);
      await drained;
      assertEquals(await seen, ["end"]);
    });
  });

  it("drain() may be called twice, and gives up in time", async () => {
    await withBus("kinds", { threads: 1, onError: () => {} }, async (bus) => {
      await bus.ready;
      bus.emit("spin", 300);
      const error = await assertRejects(() => bus.drain({ timeout: 20 }), DrainTimeoutError);
      assertEquals((error as DrainTimeoutError).remaining, 1);
      assertEquals(bus.closed, true);
    });
    await withBus("kinds", {}, async (bus) => {
      bus.emit("value", 1);
      await Promise.all([bus.drain(), bus.drain()]);
    });
  });

  it("drain() hears of the end of what a thread has emitted by itself", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      await bus.ready;
      const { emitted } = bus.stats();
      bus.emit("linger later", 300);
      while (bus.stats().emitted < emitted + 2) await turn();
      const start = performance.now();
      await bus.drain({ timeout: 30_000 });
      assertEquals(performance.now() - start < 30_000, true);
    });
  });

  it("drain() waits for a thread that is started again", async () => {
    await withBus("kinds", { threads: 1, onError: () => {} }, async (bus) => {
      await bus.ready;
      let seen = 0;
      bus.on("seen", () => seen++);
      bus.emit("exit");
      bus.emit("value", 1);
      await bus.drain();
      assertEquals([seen, bus.stats().inDoubt], [1, 1]);
    });
  });

  it("close() gives every call the same promise, and may be called from a handler", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      const closed = new Promise((resolve) => {
        bus.on("answer.me", () => {
          const promise = bus.close();
          assertStrictEquals(bus.close(), promise);
          resolve(promise);
        });
      });
      bus.emit("ask");
      assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
      assertThrows(() => bus.emit("ask"), BusClosedError);
    });
  });

  it("close() may come while threads start", async () => {
    const bus = forAsync({ handlers: moduleOf("kinds"), threads: 2 });
    const ready = assertRejects(() => bus.ready, BusClosedError);
    bus.emit("value", 1);
    const report = await bus.close({ timeout: 60_000 });
    assertEquals(report, { discarded: 1, inDoubt: 0, stuck: 0 });
    await ready;
  });

  it("close() names what has come for home and is not handled", async () => {
    const drops: DropReport[] = [];
    const onDrop = (report: DropReport) => void drops.push(report);
    await withBus("kinds", { threads: 1, onDrop }, async (bus) => {
      await bus.ready;
      let handled = 0;
      const closed = new Promise<CloseReport>((resolve) => {
        bus.on("seen", () => {
          handled++;
          resolve(bus.close({ timeout: 60_000 }));
        });
      });
      bus.emit("burst", 1_000);
      assertEquals(await closed, { discarded: 999, inDoubt: 0, stuck: 0 });
      assertEquals(drops.every(({ reason, type }) => reason === "closed" && type === "seen"), true);
      assertEquals([handled, drops.reduce((sum, { count }) => sum + count, 0)], [1, 999]);
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([emitted, processed, dropped], [1_001, 2, 999]);
    });
  });

  it("close() lets handlers of threads end within its time", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      await bus.ready;
      bus.emit("overlap", 1);
      while (bus.stats().depth === 0) await turn();
      await new Promise((resolve) => setTimeout(resolve, 1));
      const { inDoubt, stuck } = await bus.close();
      assertEquals([inDoubt, stuck], [0, 0]);
    });
  });

  it("leaves nothing after many lives", async () => {
    for (let life = 0; life < 40; life++) {
      const bus = forAsync({ handlers: moduleOf("kinds"), threads: 1, capacity: 4096 });
      if (life % 2 === 0) await bus.ready;
      bus.emit("value", life);
      // A thread may take long to start.
      const { discarded, stuck } = await bus.close({ timeout: 60_000 });
      assertEquals([bus.stats().dropped, stuck], [discarded, 0]);
      assertEquals(bus.stats().depth, 0);
    }
  });

  it("may be emitted to by its own hooks", async () => {
    const bus = forAsync({
      handlers: moduleOf("kinds"),
      threads: 1,
      onError: () => bus.emit("value", "from the hook"),
    });
    const seen = collect(bus, "seen", 1);
    bus.emit("throw", 1);
    assertEquals(await seen, [{ kind: "string", value: "from the hook" }]);
    await bus.close();
  });

  it("does what it does with 'park' \"block\"", async () => {
    await withBus("kinds", { park: "block" }, async (bus) => {
      for (let i = 0; i < 50; i++) {
        const seen = collect(bus, "seen", 1);
        bus.emit("after promise", i);
        assertEquals(await seen, [i]);
      }
    });
  });

  // A browser has no other.
  if (HERE !== "chromium") {
    it("does what it does with the other driver", async () => {
      await withBus("kinds", { driver: "worker_threads", onError: () => {} }, async (bus) => {
        bus.emit({ type: "exit", data: undefined, key: "a" });
        const seen = collect(bus, "seen", 2);
        bus.emit({ type: "value", data: 1, key: "a" });
        bus.emit({ type: "value", data: 2, key: "b" });
        await seen;
        assertEquals((await bus.close()).inDoubt, 1);
      });
    });
  }

  it("takes a function that starts a thread", async () => {
    let started = 0;
    const handlers = () => {
      started++;
      return startWorker("kinds");
    };
    await withBus("kinds", { handlers }, async (bus) => {
      const seen = collect(bus, "seen", 1);
      bus.emit("value", 1);
      await seen;
      assertEquals(started, 2);
    });
  });

  for (const make of [forAsync, ...(TRANSPORT === "messages" ? [] : [forFlow])]) {
    it(`throws what the function throws that starts a thread: ${make.name}`, () => {
      const handlers = () => {
        throw new RangeError("the factory failed");
      };
      assertThrows(() => make({ handlers }), RangeError, "the factory failed");
      assertThrows(() => make({ handlers: () => ({}) }), TypeError, "must return a Worker");
    });
  }

  it("replaces no thread that sleeps, with 'stallTimeout' and 'park' \"block\"", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    let started = 0;
    const bus = forAsync({
      handlers: () => {
        started++;
        return startWorker("kinds");
      },
      threads: 1,
      park: "block",
      keepAlive: true,
      stallTimeout: 1_000,
      stopTimeout: 10,
      onError,
    });
    await bus.ready;
    // By then the bus has looked twice.
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const seen = collect(bus, "seen", 1);
    bus.emit("value", 1);
    await seen;
    await bus.close();
    assertEquals([started, errors], [1, []]);
  });

  it("replaces a thread that hangs, with 'stallTimeout'", async () => {
    const errors: unknown[] = [];
    const options = {
      threads: 1,
      // On a busy machine a thread that is well may stand still for a few hundred milliseconds.
      stallTimeout: 1_000,
      stopTimeout: 10,
      onError: (error: unknown) => void errors.push(String(error)),
    };
    await withBus("kinds", options, async (bus) => {
      await bus.ready;
      bus.emit({ type: "for ever", data: undefined, id: "x" });
      if (CANNOT_END) {
        // Nothing ends it there: the bus goes on without it.
        while (bus.closed === false) {
          try {
            bus.emit({ type: "value", data: 1, key: "k" });
          } catch (error) {
            assertEquals((error as Error).name, "ThreadFailedError");
            break;
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assertEquals((await bus.close()).stuck > 0, true);
        return;
      }
      const seen = collect(bus, "seen", 1);
      bus.emit("value", 1);
      await seen;
      assertEquals(errors, [
        "CrashError: A thread died while it handled event 'for ever' with id 'x': deaths so far are 1",
      ]);
    });
  });
});
