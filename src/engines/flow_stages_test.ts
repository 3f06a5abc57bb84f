import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createFlowBus } from "./flow.ts";
import { turn } from "./testdata/waits.ts";
import type { BusEvent } from "../core/event.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { FlowOptions, Stage } from "./flow.ts";

const data = (events: readonly BusEvent[]) => events.map((event) => event.data);

/** Emits the numbers below `count` through the stages; returns what a handler got, and the rest. */
async function pass(count: number, stages: Stage[], options: FlowOptions = {}) {
  const handled: unknown[] = [];
  const errors: unknown[] = [];
  const contexts: FlowErrorContext[] = [];
  const bus = createFlowBus({
    onError: (error, context) => void (errors.push(error), contexts.push(context)),
    ...options,
    stages,
  });
  bus.on("a", (event) => handled.push(event.data));
  for (let i = 0; i < count; i++) bus.emit("a", i);
  await bus.drain();
  const { emitted, processed, dropped, failed } = bus.stats();
  return { handled, errors, contexts, counts: [emitted, processed, dropped, failed], bus };
}

const map = (change: (value: number) => unknown): Stage => (events) =>
  events.map((event) => ({ ...event, data: change(event.data as number) }));

describe("stages", () => {
  it("run in their order, each on what the one before has returned", async () => {
    const { handled } = await pass(3, [map((n) => n + 1), map((n) => n * 10)]);
    assertEquals(handled, [10, 20, 30]);
  });

  it("may return a promise, or nothing", async () => {
    const later: Stage = async (events) => {
      await turn();
      return events.toReversed();
    };
    const inPlace: Stage = (events) => void events.push({ type: "a", data: "added" });
    const { handled, counts } = await pass(3, [later, async () => {}, inPlace]);
    assertEquals([handled, counts], [[2, 1, 0, "added"], [4, 4, 0, 0]]);
  });

  it("count what they filter out as processed", async () => {
    let later = 0;
    const none: Stage = () => [];
    const odd: Stage = (events) => events.filter((event) => (event.data as number) % 2 === 1);
    const { handled, counts } = await pass(5, [odd]);
    assertEquals([handled, counts], [[1, 3], [5, 5, 0, 0]]);
    assertEquals((await pass(5, [none, () => void later++])).counts, [5, 5, 0, 0]);
    assertEquals(later, 0);
  });

  it("count what they add as emitted", async () => {
    const twice: Stage = (events) => events.flatMap((event) => [event, { ...event, data: "+" }]);
    const { handled, counts, bus } = await pass(2, [twice]);
    assertEquals([handled, counts], [[0, "+", 1, "+"], [4, 4, 0, 0]]);
    assertEquals(bus.batchStats(), { batches: 1, processed: 2, meanBatch: 2 });
  });

  it("decide by what they return which handlers an event has", async () => {
    const seen: string[] = [];
    const bus = createFlowBus({
      stages: [(events) => events.map((event) => ({ ...event, type: `${event.type}.parsed` }))],
    });
    bus.on("a", () => seen.push("a"));
    bus.on("*.parsed", (event) => seen.push(event.type));
    bus.emit("a");
    bus.emit("nobody.wants.this");
    await bus.drain();
    assertEquals([seen, bus.stats().processed], [["a.parsed"], 2]);
  });

  it("see events that have no handler, too", async () => {
    let seen = 0;
    const bus = createFlowBus({ stages: [(events) => void (seen += events.length)] });
    bus.emit("a");
    assertEquals(bus.stats().depth, 1);
    await bus.drain();
    assertEquals(seen, 1);
  });

  it("get arrays that the bus does not touch again", async () => {
    const kept: BusEvent[][] = [];
    const keep: Stage = (events) => void kept.push(events);
    await pass(6, [keep, (events) => kept.push(events) ? [...events] : events, keep], {
      batchSize: 3,
    });
    assertEquals(kept.map(data), [[0, 1, 2], [0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5], [
      3,
      4,
      5,
    ]]);
    assertStrictEquals(kept[0], kept[1]);
  });

  it("are called without a receiver", async () => {
    const receivers: unknown[] = [];
    await pass(1, [
      function (this: unknown) {
        receivers.push(this);
      },
    ]);
    assertEquals(receivers, [undefined]);
  });

  it("are those of the options when the bus was made", async () => {
    const stages: Stage[] = [() => {}];
    const bus = createFlowBus({ stages });
    stages.push(() => []);
    let calls = 0;
    bus.on("a", () => calls++);
    bus.emit("a");
    await bus.drain();
    assertEquals(calls, 1);
  });
});

describe("a stage that fails", () => {
  for (
    const [how, fail] of [["throws", () => {
      throw "broken";
    }], ["rejects", () => Promise.reject("broken")]] as const
  ) {
    it(`and ${how} stops its batch, is reported once and counts each of its events`, async () => {
      let later = 0;
      const first: Stage = (events) => data(events).includes(0) ? fail() : undefined;
      const { handled, errors, contexts, counts } = await pass(6, [
        (events) => events.filter((event) => event.data !== 1),
        first,
        () => void later++,
      ], { batchSize: 3 });
      assertEquals([handled, later], [[3, 4, 5], 1]);
      assertEquals([errors, counts], [["broken"], [6, 6, 0, 2]]);
      const { stage, events, subscription } = contexts[0];
      assertEquals([stage, data(events!), subscription], [1, [0, 2], undefined]);
    });
  }

  it("is printed once without 'onError', each stage of its own", async () => {
    const { error } = console;
    const lines: unknown[] = [];
    console.error = (...line: unknown[]) => void lines.push(line);
    try {
      const bus = createFlowBus({
        batchSize: 1,
        stages: [
          (events) => {
            if (events[0].type === "a") throw "first";
          },
          () => Promise.reject("second"),
        ],
      });
      for (const type of ["a", "b", "a", "b"]) bus.emit(type);
      await bus.drain();
      assertEquals(bus.stats().failed, 4);
    } finally {
      console.error = error;
    }
    assertEquals(lines, [
      ["Stage 0 of a flow bus failed:", "first"],
      ["Stage 1 of a flow bus failed:", "second"],
    ]);
  });

  for (const result of [5, "ab", null, { length: 1 }, new Set()]) {
    it(`is also one that returns ${JSON.stringify(result)}`, async () => {
      const { errors, counts } = await pass(2, [() => result as never]);
      assertInstanceOf(errors[0], TypeError);
      assertEquals(
        (errors[0] as Error).message.includes("'the result of a stage' must be an array of events"),
        true,
      );
      assertEquals([errors.length, counts], [1, [2, 2, 0, 2]]);
    });
  }

  it("may fail with a result whose 'then' throws", async () => {
    const hostile = {
      get then() {
        throw "hostile";
      },
    };
    const { errors, counts } = await pass(2, [() => hostile as never]);
    assertEquals([errors, counts], [["hostile"], [2, 2, 0, 2]]);
  });

  it("costs one event where what it leaves is none", async () => {
    const hostile = Object.defineProperty({ data: 1 }, "type", {
      get() {
        throw new Error("hostile");
      },
    });
    const wrong = [undefined, null, {}, { type: "" }, { type: 5 }, hostile] as BusEvent[];
    for (const batches of [false, true]) {
      const errors: string[] = [];
      const bus = createFlowBus({
        stages: [(events) => [...wrong, ...events]],
        onError: (error) => void errors.push((error as Error).message),
      });
      const handled: unknown[] = [];
      if (batches) bus.onBatch("**", (events) => handled.push(...data(events)));
      else bus.on("**", (event) => handled.push(event.data));
      bus.emit("a", 1);
      await bus.drain();
      const { emitted, processed, failed } = bus.stats();
      assertEquals([handled, emitted, processed, failed], [[1], 7, 7, 6]);
      assertEquals(
        errors[0],
        "Cannot handle an event of a batch as 'event.type' must be a non-empty string: current value is undefined",
      );
      assertEquals(errors[5], "hostile");
    }
  });
});

describe("emits of a flow bus", () => {
  it("come from stages, handlers and handlers of batches, into later batches", async () => {
    const batches: string[][] = [];
    const bus = createFlowBus({
      stages: [(events) => {
        batches.push(events.map(({ type }) => type));
        if (events[0].type === "start") bus.emit("of.stage");
      }],
    });
    bus.on("start", () => bus.emit("of.handler"));
    bus.onBatch("start", () => bus.emit("of.batch"));
    bus.emit("start");
    await bus.drain();
    assertEquals(batches, [["start"], ["of.stage", "of.handler", "of.batch"]]);
  });
});

describe("options of a flow bus", () => {
  for (
    const [options, rule] of [
      [{ stages: 5 }, "'stages' must be an array of functions: current value is 5"],
      [{ stages: [() => {}, 5] }, "'stages' must be an array of functions"],
      [{ batchSize: 0 }, "'batchSize' must be an integer of at least 1: current value is 0"],
      [{ batchSize: 1.5 }, "'batchSize' must be an integer"],
      [{ batchSize: 9, capacity: 8 }, "'batchSize' must be at most 'capacity', 8"],
      [{ batchTimeout: -1 }, "'batchTimeout' must be at least 0 ms"],
      [{ batchTimeout: NaN }, "'batchTimeout' must be at least 0 ms"],
      [{ batchTimeout: "1" }, "'batchTimeout' must be at least 0 ms"],
      [{ shards: 0 }, "'shards' must be an integer from 1 to 1024: current value is 0"],
      [{ shards: 1_025 }, "'shards' must be an integer from 1 to 1024"],
      [{ spread: "a" }, "'spread' must be an array of exact types"],
      [{ spread: [""] }, "'spread' must be an array of exact types"],
      [{ spread: ["a.*"] }, "'spread' must be an array of exact types"],
      [{ capacity: 1_000 }, "'capacity' must be a power of two"],
      [{ overflow: "wait" }, "'overflow' must be one of block, error, drop-newest, drop-oldest"],
      [{ concurrency: 1 }, "option 'concurrency' is unknown"],
    ] as const
  ) {
    it(`refuse ${JSON.stringify(options)}`, () => {
      const error = assertThrows(() => createFlowBus(options as FlowOptions), Error, rule);
      assertEquals((error as Error).message.startsWith("Cannot create a flow bus as "), true);
    });
  }

  it("take a capacity below 256 for the size of batches, too", async () => {
    const { bus, batches } = { bus: createFlowBus({ capacity: 4 }), batches: [] as number[] };
    bus.onBatch("a", (events) => batches.push(events.length));
    for (let i = 0; i < 4; i++) bus.emit("a");
    await null;
    assertEquals(batches, [4]);
  });
});
