import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { QueueFullError } from "../core/errors.ts";
import { advise } from "./advisor.ts";
import { createBus, forAsync, forFlow, forSync } from "./factory.ts";
import { PRESETS } from "./profile.ts";
import { type HookOptions, option, scenario } from "./scenario.ts";
import { withFakeTime } from "../engines/testdata/waits.ts";
import type { Bus } from "../core/contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { Profile } from "./profile.ts";

describe("createBus()", () => {
  it("makes a sync bus, and with 'deferred' an async one", () => {
    assertEquals(createBus().capabilities.engine, "sync");
    assertEquals(createBus({ deferred: false }).capabilities.engine, "sync");
    assertEquals(createBus({ deferred: true }).capabilities.engine, "async");
  });

  it("hands its options to the engine", () => {
    assertThrows(() => createBus({ deferred: true, capacity: 3 }), RangeError, "'capacity'");
    assertThrows(() => createBus({ failFast: "yes" } as object), TypeError, "'failFast'");
    assertThrows(() => createBus({ failfast: true } as object), TypeError, "'failfast' is unknown");
  });

  it("makes a flow bus of options with stages", () => {
    assertEquals(createBus({ stages: [] }).capabilities.engine, "flow");
    assertThrows(() => createBus({ stages: [5] } as object), TypeError, "'stages' must be");
  });

  it("refuses stages beside threads, whose module names them", () => {
    const options = { stages: [], threads: 2 };
    assertThrows(() => createBus(options as object), TypeError, "'stages' must be left out");
  });

  it("refuses what are no options", () => {
    for (const options of [null, 5, "sync"]) {
      assertThrows(() => createBus(options as unknown as object), TypeError, "'options' must be");
    }
  });
});

describe("forSync()", () => {
  it("with 'deferred' makes the bus that forAsync() makes", async () => {
    const bus = forSync({ deferred: true, capacity: 2, overflow: "error" });
    const calls: unknown[] = [];
    bus.on("a", (event) => calls.push(event.data));
    bus.emit("a", 1);
    assertEquals([calls, bus.capabilities], [[], forAsync().capabilities]);
    await bus.drain();
    assertEquals([calls, bus.lastError()], [[1], undefined]);
  });

  it("takes options that are inherited, as every bus does", async () => {
    const fast = forSync(Object.create({ failFast: true }));
    let calls = 0;
    fast.on("a", () => {
      throw "first";
    });
    fast.on("a", () => calls++);
    try {
      fast.emit("a");
    } catch {
      // What matters is that nobody else was called.
    }
    assertEquals(calls, 0);
    const small = forSync(Object.create({ deferred: true, capacity: 1, overflow: "error" }));
    small.on("a", () => {});
    small.emit("a");
    assertThrows(() => small.emit("a"), QueueFullError, "capacity is 1 events");
    await small.close();
  });

  it("refuses a 'deferred' that is no boolean, and a queue's options without it", () => {
    assertThrows(() => forSync({ deferred: "yes" } as object), TypeError, "'deferred' must be");
    assertThrows(() => forSync({ capacity: 8 } as object), TypeError, "'capacity' is unknown");
    assertThrows(() => forSync(null as unknown as object), TypeError, "'options' must be");
  });
});

describe("the bus of every layer", () => {
  const LAYERS: [name: string, make: (options: HookOptions) => Bus<OpenEventMap>][] = [
    ["createBus()", (options) => createBus(options as object)],
    ["forSync()", (options) => forSync(options as object)],
    ["forAsync()", (options) => forAsync(options as object)],
    ["forFlow()", (options) => forFlow({ ...options, batchTimeout: 0 })],
    ...(["sync", "async", "flow"] as const).flatMap((name): typeof LAYERS => [
      [`scenario("${name}")`, (options) => scenario(name, options)],
      [`option({ name: "${name}" })`, (options) => option({ name, batchTimeout: 0 }, options)],
    ]),
  ];
  for (const [name, make] of LAYERS) {
    it(`tells the hooks that it was made with, by ${name}`, async () => {
      const heard: unknown[] = [];
      const options: HookOptions = {
        onError: (error) => void heard.push(error),
        onDrop: ({ type, reason }) => void heard.push(`${type}: ${reason}`),
      };
      const bus = make(options);
      options.onError = options.onDrop = () => void heard.push("changed afterwards");
      bus.on("a", () => Promise.reject("rejected"));
      const events = bus.events("a", { capacity: 1, overflow: "drop-newest" });
      for (let i = 0; i < 2; i++) bus.emit("a");
      await bus.drain();
      assertEquals(heard.sort(), ["a: overflow", "rejected", "rejected"]);
      await events.return();
    });
  }

  it("takes hooks that are inherited, and refuses whatever is none", () => {
    const options = Object.create({ onError: 5 });
    const sync = (options: HookOptions) => option({ name: "sync" }, options);
    for (const make of [sync, (options: HookOptions) => scenario("async", options)]) {
      assertThrows(() => make(options), TypeError, "'onError' must be a function");
      assertThrows(() => make({ capacity: 8 } as object), TypeError, "'capacity' is unknown");
      assertThrows(() => make(null as unknown as object), TypeError, "'options' must be");
    }
  });
});

describe("forAsync()", () => {
  it("wants a module for its threads", () => {
    for (const options of [{ threads: 2 }, { handlers: undefined }, { handlers: "a.ts" }]) {
      assertThrows(() => forAsync(options as object), TypeError, "'handlers' must be a URL");
      assertThrows(() => createBus(options as object), TypeError, "'handlers' must be a URL");
    }
  });
});

describe("forFlow()", () => {
  it("makes a flow bus", () => {
    const { engine, threads, transport } = forFlow().capabilities;
    assertEquals([engine, threads, transport], ["flow", 0, "queue"]);
  });

  it("wants a module for its threads, and refuses what are no options", () => {
    for (const options of [{ threads: 2 }, { handlers: undefined }]) {
      assertThrows(() => forFlow(options as object), TypeError, "Cannot create a flow bus");
    }
    assertThrows(() => forFlow(5 as unknown as object), TypeError, "'options' must be");
  });
});

describe("scenario()", () => {
  it("makes the bus of the name", () => {
    assertEquals(scenario("sync").capabilities.engine, "sync");
    assertEquals(scenario("async").capabilities.engine, "async");
    assertEquals(scenario("flow").batchStats().batches, 0);
  });

  for (const name of ["asnyc", "", "auto", "Sync", "toString"]) {
    it(`refuses '${name}' and lists the names`, () => {
      assertThrows(
        () => scenario(name as "sync"),
        RangeError,
        `Cannot create a bus as 'scenario' must be one of sync, async, flow: current value is '${name}'`,
      );
    });
  }

  it("refuses what is no text", () => {
    assertThrows(() => scenario(5 as unknown as "sync"), TypeError, "'scenario'");
    assertThrows(() => scenario(null as unknown as "sync"), TypeError, "'scenario'");
  });
});

describe("advise()", () => {
  const handlers = () => {
    throw new Error("nobody starts a thread for an advice");
  };
  const cases: [name: string, profile: Profile, advice: object][] = [
    ["name 'sync'", { name: "sync", tps: 1_000_000, lat: "ultra_low" }, { engine: "sync" }],
    ["name 'async'", { name: "async" }, { engine: "async" }],
    ["cores, half as many threads", { name: "async", handlers, cores: 8 }, {
      engine: "async",
      handlers,
      threads: 4,
    }],
    ["one core, one thread", { name: "async", handlers, cores: 1 }, {
      engine: "async",
      handlers,
      threads: 1,
    }],
    ["handlers, as many threads as the bus takes", { name: "auto", handlers }, {
      engine: "async",
      handlers,
    }],
    ["handlers of a flow bus", { name: "flow", handlers, cores: 4 }, {
      engine: "flow",
      batchSize: 300,
      batchTimeout: 100,
      handlers,
      threads: 2,
    }],
    ["few events a second", { name: "auto", tps: 50_000 }, { engine: "sync" }],
    ["many events a second", { name: "auto", tps: 50_001 }, { engine: "async" }],
    ["ultra-low latency", { name: "auto", lat: "ultra_low" }, { engine: "async" }],
    ["another latency", { name: "auto", lat: "med" }, { engine: "sync" }],
    ["handlers, whatever the events a second", { name: "auto", handlers, cores: 62 }, {
      engine: "async",
      handlers,
      threads: 31,
    }],
    ["as many emitters as a batch has room for", { name: "flow", conc: 3_266_800 }, {
      engine: "flow",
      batchSize: 65_536,
      batchTimeout: 100,
    }],
    ["the batch size of conc", { name: "flow", conc: 1_000 }, {
      engine: "flow",
      batchSize: 220,
      batchTimeout: 100,
    }],
    ["conc, rounded down", { name: "flow", conc: 1_049 }, {
      engine: "flow",
      batchSize: 220,
      batchTimeout: 100,
    }],
    ["stages, also without any in the list", { name: "auto", tps: 100_000, stages: [] }, {
      engine: "flow",
      batchSize: 300,
      batchTimeout: 100,
      stages: [],
    }],
    ["the time-out of a batch", { name: "flow", batchTimeout: 5 }, {
      engine: "flow",
      batchSize: 300,
      batchTimeout: 5,
    }],
  ];
  for (const [name, profile, expected] of cases) {
    it(`follows ${name}`, () => {
      const { reason, ...advice } = advise(profile);
      assertEquals<unknown>(advice, expected);
      assertEquals(reason.length > 0, true);
    });
  }

  const refused: [profile: object, rule: string][] = [
    [{}, "'name' must be one of sync, async, flow, auto: current value is undefined"],
    [
      { name: "custom" },
      "'name' must be one of sync, async, flow, auto: current value is 'custom'",
    ],
    [{ name: "auto", impl: "flow" }, "option 'impl' is unknown"],
    [{ name: "auto", mem: "min" }, "option 'mem' is unknown"],
    [{ name: "auto", tps: -1 }, "'tps' must be an integer of at least 0: current value is -1"],
    [{ name: "auto", lat: "lowest" }, "'lat' must be one of ultra_low, low, med"],
    [{ name: "async", cores: 0 }, "'cores' must be an integer from 1 to 62: current value is 0"],
    [
      { name: "auto", handlers, cores: 5_000 },
      "'cores' must be an integer from 1 to 62: current value is 5000",
    ],
    [
      { name: "flow", conc: 3_266_801 },
      "'conc' must be an integer from 0 to 3266800: current value is 3266801",
    ],
    ...["async", "flow", "auto"].flatMap((name): [profile: object, rule: string][] => [
      [
        { name, handlers: 5 },
        "Cannot use the profile as 'handlers' must be a URL or a function: current value is 5",
      ],
      [
        { name, handlers: null },
        "'handlers' must be a URL or a function: current value is null",
      ],
      [{ name, handlers, stages: [] }, "'stages' must be left out beside 'handlers'"],
    ]),
    [
      { name: "async", cores: 8 },
      "'cores' must be left out without 'handlers': current value is 8",
    ],
    [{ name: "sync", handlers }, "'name' must be async, flow or auto with handlers"],
    [{ name: "flow", conc: 0.5 }, "'conc' must be an integer"],
    [{ name: "sync", stages: [] }, "'name' must be flow or auto with stages"],
    [{ name: "flow", stages: [5] }, "'stages' must be an array of functions"],
    [{ name: "flow", batchTimeout: -1 }, "'batchTimeout' must be at least 0 ms"],
  ];
  for (const [profile, rule] of refused) {
    it(`refuses ${JSON.stringify(profile)}, as option() does`, () => {
      const refusal = assertThrows(() => advise(profile as Profile), Error, rule);
      const { name, message } = assertThrows(() => option(profile as Profile), Error);
      assertEquals([name, message], [refusal.name, refusal.message]);
    });
  }

  it("takes whatever option() takes, and nothing else", async () => {
    const value = fc.constantFrom<unknown>(0, 1, -1, 2.5, NaN, Infinity, 1e7, "1", null, {}, []);
    const of = (...good: unknown[]) => fc.option(fc.oneof(fc.constantFrom(...good), value));
    const profiles = fc.record({
      name: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom("sync", "async", "flow", "auto") },
        value,
      ),
      conc: of(0, 1_000, 3_266_800, 3_266_801),
      tps: of(0, 1e6),
      lat: of("ultra_low", "low", "med"),
      stages: of([], [() => {}]),
      // Threads are another suite's: a bus with some would start them.
      handlers: of(undefined),
      cores: of(undefined),
      batchTimeout: of(0, 5, 1e9),
      impl: of(undefined),
    }, { requiredKeys: ["name"] });
    const outcomeOf = (call: () => unknown): unknown => {
      try {
        return typeof call();
      } catch (error) {
        return String(error);
      }
    };
    await fc.assert(fc.asyncProperty(profiles, async (profile) => {
      let bus: Bus<OpenEventMap> | undefined;
      const built = outcomeOf(() => bus = option(profile as Profile));
      assertEquals(outcomeOf(() => advise(profile as Profile)), built);
      await bus?.close();
    }));
  });
});

describe("option()", () => {
  it("builds what advise() says", () => {
    assertEquals(option({ name: "sync" }).capabilities.engine, "sync");
    assertEquals(option({ name: "auto", tps: 80_000 }).capabilities.engine, "async");
    assertEquals(option(PRESETS.flow).capabilities.engine, "flow");
  });

  it("builds a flow bus with the stages of the profile", async () => {
    const sizes: number[] = [];
    const stages = [(events: unknown[]) => void sizes.push(events.length)];
    const bus = option({ name: "auto", stages });
    for (let i = 0; i < 301; i++) bus.emit("a");
    await bus.drain();
    assertEquals(sizes, [300, 1]);
  });
});

describe("option() with a time-out of batches", () => {
  it("lets a batch leave when its first event is so old", () =>
    withFakeTime(async (time) => {
      const sizes: number[] = [];
      const stages = [(events: unknown[]) => void sizes.push(events.length)];
      const bus = option({ name: "flow", stages, batchTimeout: 40 });
      bus.emit("a");
      await time.tickAsync(39);
      assertEquals(sizes, []);
      await time.tickAsync(1);
      assertEquals(sizes, [1]);
      await bus.close();
    }));
});

describe("PRESETS", () => {
  it("holds the originals' figures and cannot be changed", () => {
    assertEquals(PRESETS, {
      sync: { name: "sync", conc: 1_000, tps: 10_000, lat: "low" },
      async: { name: "async", conc: 100_000, tps: 500_000, lat: "ultra_low" },
      flow: { name: "flow", conc: 5_000, tps: 50_000, lat: "med", batchTimeout: 100 },
    });
    assertEquals(advise(PRESETS.flow).batchSize, 300);
    assertThrows(() => {
      (PRESETS.sync as Profile).name = "flow";
    }, TypeError);
    assertStrictEquals(PRESETS.sync.name, "sync");
  });
});
