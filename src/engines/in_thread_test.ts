import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UnsupportedError } from "../core/errors.ts";
import { served } from "./served.ts";
import { createFlowThreadBus } from "./flow_threads.ts";
import { never, turn, withFakeTime } from "./testdata/waits.ts";
import { createThreadBus } from "./threads.ts";
import type { AsyncBus } from "../core/contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { WorkerBus } from "./worker.ts";

const handlers = new URL("file:///handlers.ts");

/** Makes a bus as where there is nothing to start threads with. */
function withoutThreads<Bus>(create: () => Bus): Bus {
  const { process } = globalThis as { process?: object };
  const taken = [[globalThis, "Worker"], [process, "getBuiltinModule"]] as const;
  const put: (() => void)[] = [];
  for (const [owner, name] of taken) {
    if (owner === undefined) continue;
    const own = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { value: undefined, configurable: true, writable: true });
    put.push(() => {
      if (own === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, own);
    });
  }
  try {
    return create();
  } finally {
    for (const back of put) back();
  }
}

/** Runs a test with such a bus, whose module has called serve() with `callback`, and is ready. */
async function withServed(
  callback: (bus: AsyncBus<OpenEventMap>) => unknown,
  test: (bus: AsyncBus<OpenEventMap>) => Promise<void>,
): Promise<void> {
  served.push({ callback, valueCodec: undefined });
  try {
    const bus = withoutThreads(() => createThreadBus({ handlers }));
    await bus.ready;
    await test(bus);
  } finally {
    served.length = 0;
  }
}

describe("a bus with threads where there are none", () => {
  it("runs the module that was imported and has called serve() as thread 0", async () => {
    const calls: unknown[] = [];
    served.push({
      callback: (bus: AsyncBus<OpenEventMap>, info) => {
        bus.on("a", ({ data }) => calls.push(data), { each: true });
        bus.on("a", ({ u8, offset, length }) => calls.push([...u8.subarray(offset, length)]), {
          zeroCopy: true,
        });
        calls.push(info);
        return () => calls.push("end");
      },
      valueCodec: undefined,
    });
    try {
      const bus = withoutThreads(() => createThreadBus({ handlers, threads: 4 }));
      assertEquals(bus.capabilities, { engine: "async", threads: 0, transport: "queue" });
      await bus.ready;
      bus.emit("a", "x");
      await bus.enqueue({ type: "a", data: "y" });
      bus.write("a", 1, (bytes, offset) => bytes[offset] = 7);
      await bus.drain();
      const bytes = new Uint8Array([7]);
      assertEquals(calls, [
        { index: 0, threads: 1 },
        "x",
        [120],
        "y",
        [121],
        bytes,
        [7],
        "end",
      ]);
    } finally {
      served.length = 0;
    }
  });

  it("lets the module clean up once its handlers have ended", async () => {
    const calls: string[] = [];
    const gate = Promise.withResolvers<void>();
    await withServed((bus) => {
      bus.on("a", async () => {
        await gate.promise;
        calls.push("handled");
      });
      return () => {
        calls.push("cleans up");
        return turn().then(() => calls.push("has cleaned up"));
      };
    }, async (bus) => {
      bus.emit("a");
      await turn();
      const closed = bus.close({ timeout: 60_000 });
      await turn();
      calls.push("closing");
      gate.resolve();
      assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
      assertEquals(calls, ["closing", "handled", "cleans up", "has cleaned up"]);
    });
  });

  it("lets a module clean up that still subscribes when the bus is closed", async () => {
    const calls: string[] = [];
    const gate = Promise.withResolvers<void>();
    served.push({
      async callback() {
        await gate.promise;
        return () => calls.push("cleans up");
      },
      valueCodec: undefined,
    });
    try {
      const bus = withoutThreads(() => createThreadBus({ handlers }));
      const closed = bus.close({ timeout: 60_000 });
      gate.resolve();
      assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
      assertEquals(calls, ["cleans up"]);
      await bus.ready;
    } finally {
      served.length = 0;
    }
  });

  it("closes in time though a handler hangs, or what the module has given for its end", () =>
    withFakeTime(async (time) => {
      const calls: string[] = [];
      await withServed((bus) => {
        bus.on("a", never);
        return () => {
          calls.push("cleans up");
          return never();
        };
      }, async (bus) => {
        bus.emit("a");
        await time.tickAsync();
        let report: unknown;
        bus.close({ timeout: 100 }).then((closed) => report = closed);
        await time.tickAsync(99);
        assertEquals(calls, []);
        await time.tickAsync(101);
        assertEquals([calls, report], [["cleans up"], { discarded: 0, inDoubt: 0, stuck: 1 }]);
      });
    }));

  it("prints what the module throws at its end, and closes", async () => {
    const printed: unknown[][] = [];
    const { error } = console;
    console.error = (...line: unknown[]) => void printed.push(line);
    try {
      const failure = new RangeError("no end");
      await withServed(() => () => Promise.reject(failure), async (bus) => {
        assertEquals(await bus.close(), { discarded: 0, inDoubt: 0, stuck: 0 });
        assertEquals(printed, [
          ["The end of the module failed:", failure],
        ]);
      });
    } finally {
      console.error = error;
    }
  });

  it("is never ready if no module has called serve()", async () => {
    const bus = withoutThreads(() => createThreadBus({ handlers }));
    const error = await assertRejects(() => bus.ready, UnsupportedError, "no threads here");
    assertEquals(
      String((error as Error).cause),
      "TypeError: Cannot start a thread as there are none",
    );
    await bus.close();
  });
});

describe("a flow bus with threads where there are none", () => {
  it("collects in one thread, and takes the stages of the module that was imported", async () => {
    const batches: unknown[][] = [];
    const refusals: string[] = [];
    served.push({
      callback: (bus: WorkerBus<OpenEventMap>) => {
        bus.stages([(events) => events.filter(({ data }) => data !== 2)]);
        bus.onBatch("a", (events) => batches.push(events.map(({ data }) => data)));
        bus.on("late", () => {
          try {
            bus.stages([]);
          } catch (error) {
            refusals.push((error as Error).message);
          }
        });
      },
      valueCodec: undefined,
    });
    try {
      const options = { handlers, threads: 2, batchSize: 3, spread: ["a"] };
      const bus = withoutThreads(() => createFlowThreadBus(options));
      assertEquals(bus.capabilities, { engine: "flow", threads: 0, transport: "queue" });
      await bus.ready;
      const events = [1, 2, 3, 4].map((data) => ({ type: "a", data, key: "k" }));
      bus.emitBatch([...events, { type: "late" }]);
      await bus.flush();
      assertEquals(batches, [[1, 3], [4]]);
      assertEquals(refusals, ["Cannot name the stages as they are named already"]);
      await bus.drain();
    } finally {
      served.length = 0;
    }
  });

  it("is never ready if no module has called serve()", async () => {
    const bus = withoutThreads(() => createFlowThreadBus({ handlers }));
    await assertRejects(() => bus.ready, UnsupportedError, "no threads here");
    await bus.close();
  });
});
