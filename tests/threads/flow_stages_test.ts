import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createBus, forAsync, forFlow, ThreadFailedError, UnsupportedError } from "../../mod.ts";
import { share } from "../../src/engines/lanes.ts";
import { collect, moduleOf, TRANSPORT, withBus } from "./_buses.ts";
import { type AnyFlowBus, Failures, withFlowBus } from "./_flow_buses.ts";

/** What the module stages.ts tells of its one thread. */
async function reportOf(bus: AnyFlowBus): Promise<{ seen: unknown[]; sizes: number[] }> {
  await bus.flush();
  const told = bus.once("reported");
  bus.emit("report");
  await bus.flush();
  await bus.flush();
  await bus.flush();
  return (await told).data as { seen: unknown[]; sizes: number[] };
}

/** Emits events of some types, each with its position as data, as one batch. */
function emitAll(bus: AnyFlowBus, ...types: string[]): void {
  bus.emitBatch(types.map((type, data) => ({ type, data, key: "k" })));
}

describe("the stages of a thread", () => {
  it("filter, expand and wait, in their order, before the handlers", async () => {
    const options = { threads: 1, batchSize: 5, batchTimeout: Infinity };
    await withFlowBus("stages", options, async (bus) => {
      emitAll(bus, "a", "double", "skip", "b", "skip");
      await bus.flush();
      const { emitted, processed, failed } = bus.stats();
      // One of them was added by a stage.
      assertEquals([emitted, processed, failed], [6, 6, 0]);
      assertEquals(bus.batchStats(), { batches: 1, processed: 5, meanBatch: 5 });
      const { seen, sizes } = await reportOf(bus);
      assertEquals(seen, [0, 1, "1 again", 3]);
      assertEquals(sizes[0], 4);
    });
  });

  it("take each event, whether there is a handler for its type or not", async () => {
    const failures = new Failures();
    await withFlowBus("stages", { threads: 1, onError: failures.onError }, async (bus) => {
      // No handler of the module matches two segments.
      bus.emit("a.throw", "x");
      await bus.flush();
      assertEquals(failures.all.map(({ error }) => error.message), ["the stage threw x"]);
    });
  });

  it("end their batch when they fail, which is told once and counted for each event", async () => {
    for (
      const [type, stage, message] of [
        ["throw", 0, "the stage threw 1"],
        ["reject", 1, "the stage rejected"],
      ] as const
    ) {
      const failures = new Failures();
      const options = { threads: 1, batchSize: 3, batchTimeout: 50, onError: failures.onError };
      await withFlowBus("stages", options, async (bus) => {
        emitAll(bus, "a", type, "b");
        const [failure] = await failures.reach(1);
        const { error, context } = failure;
        assertEquals([error.message, context.stage], [message, stage]);
        assertEquals(context.subscription, undefined);
        assertEquals(
          context.events,
          ["a", type, "b"].map((type, data) => ({ type, data, key: "k" })),
        );
        emitAll(bus, "c");
        assertEquals((await reportOf(bus)).seen, [0]);
        assertEquals([failures.all.length, bus.stats().failed], [1, 3]);
      });
    }
  });

  it("tell as many events of a failed batch as find room", async () => {
    const failures = new Failures();
    const options = { threads: 1, batchSize: 2, capacity: 16_384, onError: failures.onError };
    await withFlowBus("stages", { ...options, batchTimeout: Infinity }, async (bus) => {
      bus.emitBatch([
        { type: "many", data: "x".repeat(1_000), key: "k" },
        { type: "late", data: 0, key: "k" },
      ]);
      const [{ error, context: { events, stage } }] = await failures.reach(1);
      assertEquals([error.message, stage], ["the stage was late", 4]);
      // They leave room for the whole report.
      assertEquals(error.stack!.includes("stages.ts"), true);
      // How many those are is a matter of how fast home reads them.
      assertEquals(events!.every(({ type }) => type === "many" || type === "late"), true);
      await bus.flush();
      assertEquals(bus.stats().failed, 31);
    });
  });

  it("are told without what a small ring has no room for", async () => {
    const failures = new Failures();
    const options = { threads: 1, capacity: 1024, onError: failures.onError };
    await withFlowBus("stages", options, async (bus) => {
      bus.emit("throw", "x".repeat(60));
      const [{ error, context: { stage } }] = await failures.reach(1);
      assertEquals([error.name, stage], ["RangeError", 0]);
      assertEquals(error.message, `the stage threw ${"x".repeat(34)}`);
    });
  });

  it("that leave what is no event are told, and the bus goes on", async () => {
    const failures = new Failures();
    await withFlowBus("stages", { threads: 1, onError: failures.onError }, async (bus) => {
      emitAll(bus, "garbage");
      const [{ error }] = await failures.reach(1);
      assertEquals(
        error.message,
        "Cannot handle an event of a batch as 'event.type' must be a non-empty string: " +
          "current value is undefined",
      );
      emitAll(bus, "a");
      assertEquals((await reportOf(bus)).seen, [0]);
    });
  });

  it("print their failures where nobody hears of them", async () => {
    const { error } = console;
    const lines: unknown[][] = [];
    console.error = (...line) => void lines.push(line);
    try {
      await withFlowBus("stages", { threads: 1 }, async (bus) => {
        for (const round of [1, 2]) {
          bus.emit("throw", round);
          await bus.flush();
        }
      });
    } finally {
      console.error = error;
    }
    assertEquals(lines.length, 1);
    assertEquals(lines[0][0], "A batch in a thread failed:");
  });
});

describe("misuse of a flow bus with threads", () => {
  const handlers = moduleOf("batches");
  for (
    const [options, error, message] of [
      [{ stages: [] }, TypeError, "'stages' must be left out beside 'handlers'"],
      [{ concurrency: 4 }, TypeError, "'concurrency' is unknown"],
      [{ threads: 2, shards: 3 }, RangeError, "'shards' must be a multiple of 'threads', 2"],
      [{ shards: 0 }, RangeError, "'shards' must be an integer from 1 to 1024"],
      [{ batchSize: 0 }, RangeError, "'batchSize' must be an integer of at least 1"],
      [{ spread: ["a.*"] }, TypeError, "'spread' must be an array of exact types"],
      [{ capacity: 1000 }, RangeError, "'capacity' must be a power of two from 1024"],
      [
        { overflow: "drop-oldest" },
        Error,
        "Cannot create a flow bus with 'overflow' \"drop-oldest\"",
      ],
      [{ handlers: undefined }, TypeError, "'handlers' must be a URL or a function"],
    ] as const
  ) {
    it(`is refused: ${JSON.stringify(options)}`, () => {
      assertThrows(() => forFlow({ handlers, ...options } as never), error, message);
    });
  }

  it("is refused by createBus as by forFlow", () => {
    const options = { stages: [], handlers };
    assertThrows(() => createBus(options as never), TypeError, "'stages' must be left out");
  });

  it("is refused in the thread", async () => {
    await withFlowBus("misuse", { threads: 1 }, async (bus) => {
      const told = bus.once("misused");
      bus.emit("misuse");
      assertEquals((await told).data, {
        engine: "flow",
        atFirst: "TypeError: Cannot name the stages as 'stages' must be an array of functions: " +
          "current value is [object Array]",
        once: "",
        twice: "TypeError: Cannot name the stages as they are named already",
        later: "TypeError: Cannot name the stages as they are named already",
        batches: "",
        each: "TypeError: Cannot subscribe to 'a' as option 'each' is unknown: " +
          "known are once, signal",
      });
    });
  });

  it("is refused in the thread when it serves already", async () => {
    const failures = new Failures();
    await withFlowBus("late_stages", { threads: 1, onError: failures.onError }, async (bus) => {
      bus.emit("name");
      const [{ error }] = await failures.reach(1);
      assertEquals(error.message, "Cannot name the stages as the thread serves already");
    });
  });

  it("is refused in the thread of an async bus", async () => {
    await withBus("misuse", { threads: 1 }, async (bus) => {
      const told = collect(bus, "misused", 1);
      bus.emit("misuse");
      const [{ engine, once, batches }] = await told as Record<string, string>[];
      const refusal =
        "TypeError: Cannot take batches as the bus is no flow bus: 'forFlow' makes one";
      assertEquals([engine, once, batches], ["async", refusal, refusal]);
    });
  });

  it("is refused at home: subscriptions of all threads, and lanes larger than rings", async () => {
    await withFlowBus("batches", { capacity: 4_096 }, (bus) => {
      const options = { each: true };
      assertThrows(() => bus.on("a", () => {}, options), TypeError, "'each' is unknown");
      assertThrows(
        () => share(bus, { capacity: 8_192 }),
        RangeError,
        "'capacity' must be at most that of the bus, 4096 bytes",
      );
      if (TRANSPORT === "messages") {
        assertThrows(() => share(bus), UnsupportedError, "there is no shared memory");
      } else share(bus);
      return Promise.resolve();
    });
  });

  it("makes the bus fail where the module does not start", async () => {
    const handlers = moduleOf("fails");
    const bus = forFlow({ handlers, threads: 1, maxRestarts: 0, onError: () => {} });
    await assertRejects(() => bus.ready, ThreadFailedError, "thread 0 does not start");
    assertThrows(() => bus.emit("a"), ThreadFailedError, "Cannot emit 'a' as thread 0 has failed");
    await bus.close();
  });

  it("tells what it uses", async () => {
    await withFlowBus("batches", {}, (bus) => {
      assertEquals(bus.capabilities, { engine: "flow", threads: 2, transport: TRANSPORT });
      return Promise.resolve();
    });
    assertEquals(forFlow().capabilities.threads, 0);
    await forFlow().ready;
    assertEquals(forAsync().capabilities.engine, "async");
  });
});
