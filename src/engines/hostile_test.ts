/** What programs do that mean no harm, and some that do. Each test was a defect once. */
import {
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { BusClosedError, DrainTimeoutError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { createFlowBus } from "./flow.ts";
import { createSyncBus } from "./sync.ts";
import { turn } from "./testdata/waits.ts";
import type { Bus } from "../core/contracts.ts";
import type { Subscription } from "../core/subscription.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { AsyncOptions } from "./async.ts";
import type { FlowOptions } from "./flow.ts";

/** The kinds of bus that queue events. */
const QUEUEING: Record<string, (options?: AsyncOptions) => Bus<OpenEventMap>> = {
  async: createAsyncBus,
  flow: (options) => createFlowBus({ batchTimeout: 0, ...options as FlowOptions }),
};

async function silently(run: () => Promise<void>): Promise<void> {
  const { error } = console;
  console.error = () => {};
  try {
    await run();
  } finally {
    console.error = error;
  }
}

/** A function that throws. */
function fail(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** An error whose own code throws when it is printed. */
function unprintable(): object {
  const trap = () => {
    throw new Error("trap");
  };
  const names = ["nodejs.util.inspect.custom", "Deno.customInspect", "Deno.privateCustomInspect"];
  return Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [Symbol.for(name), { get: trap }])),
  );
}

describe("subscriptions", () => {
  it("are seen by repeated emits and by topic handles, however they come and go", () => {
    const types = ["a", "b", "a.b", "__proto__", "constructor"];
    const patterns = [...types, "a.*", "*", "**"];
    const step = fc.record({
      act: fc.constantFrom("on", "off", "off", "emit", "emit", "topic", "once"),
      pick: fc.nat(),
    });
    const matches = (pattern: string, type: string) =>
      pattern === type || pattern === "**" || (pattern === "*" && !type.includes(".")) ||
      (pattern === "a.*" && type === "a.b");
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const bus = createSyncBus();
        const topics = new Map(types.map((type) => [type, bus.topic(type)]));
        let live: { id: number; pattern: string; once: boolean; subscription: Subscription }[] = [];
        let calls: number[] = [];
        for (const [id, { act, pick }] of steps.entries()) {
          const type = types[pick % types.length];
          const pattern = patterns[pick % patterns.length];
          if (act === "on" || act === "once") {
            const once = act === "once";
            const subscription = bus.on(pattern, () => calls.push(id), { once });
            live.push({ id, pattern, once, subscription });
          } else if (act === "off") {
            const [gone] = live.splice(pick % Math.max(1, live.length), 1);
            gone?.subscription.unsubscribe();
          } else {
            for (let repeat = 0; repeat < 3; repeat++) {
              calls = [];
              if (act === "emit") bus.emit(type);
              else topics.get(type)!.emit();
              const called = live.filter((each) => matches(each.pattern, type));
              assertEquals(calls, called.map((each) => each.id));
              live = live.filter((each) => !each.once || !called.includes(each));
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("with 'once' finish a running emit on its list, as others do", () => {
    const bus = createSyncBus();
    const calls: string[] = [];
    bus.on("a", () => {
      plain.unsubscribe();
      once.unsubscribe();
    });
    const plain = bus.on("a", () => calls.push("plain"));
    const once = bus.on("a", () => calls.push("once"), { once: true });
    bus.emit("a");
    assertEquals(calls, ["plain", "once"]);
  });

  it("show nothing of the bus's inside", () => {
    const bus = createSyncBus();
    const subscription = bus.on("a", () => {});
    assertEquals(Object.values(subscription).filter((value) => typeof value === "object"), []);
  });
});

describe("options", () => {
  it("are checked where they are inherited, too", () => {
    assertThrows(() => createAsyncBus(Object.create({ capacity: 3 })), RangeError, "'capacity'");
  });
});

for (const [kind, create] of Object.entries(QUEUEING)) {
  describe(`${kind} bus: errors that cannot be printed`, () => {
    it("do not stop it", () =>
      silently(async () => {
        const bus = create();
        let handled = 0;
        bus.on("a", () => {
          throw unprintable();
        });
        bus.on("b", () => handled++);
        bus.emit("a");
        bus.emit("b");
        console.error = () => {
          throw new Error("no console");
        };
        await bus.drain();
        assertEquals([handled, bus.stats().failed], [1, 1]);
      }));

    it("are told of all the same", () =>
      silently(async () => {
        const printed: unknown[] = [];
        const hostile = unprintable();
        console.error = (_line: string, shown: unknown) => {
          if (shown === hostile) throw new Error("trap");
          printed.push(shown);
        };
        const bus = create();
        bus.on("a", fail(hostile));
        bus.emit("a");
        await bus.drain();
        assertEquals(printed, ["an error that cannot be printed"]);
      }));
  });

  describe(`${kind} bus: handlers that throw undefined`, () => {
    it("have failed like any other, and are told of", async () => {
      const heard: unknown[] = [];
      const bus = create({ onError: (error, { event }) => void heard.push([error, event.type]) });
      let handled = 0;
      bus.on("a", fail(undefined));
      bus.on("a", () => Promise.reject());
      bus.on("a", () => handled++);
      bus.emit("a");
      await bus.drain();
      const { processed, failed } = bus.stats();
      assertEquals([heard, handled], [[[undefined, "a"], [undefined, "a"]], 1]);
      assertEquals([processed, failed], [1, 2]);
    });
  });

  describe(`${kind} bus: a hook that fails`, () => {
    it("onDrop is printed, and harms nobody", async () => {
      const printed: unknown[][] = [];
      const { error } = console;
      console.error = (...line: unknown[]) => void printed.push(line);
      try {
        for (const onDrop of [() => Promise.reject("rejected"), fail("thrown")]) {
          const bus = create({ capacity: 1, overflow: "drop-newest", onDrop });
          let handled = 0;
          bus.on("a", () => handled++);
          for (let i = 0; i < 2; i++) bus.emit("a");
          await bus.drain();
          assertEquals([handled, bus.stats().dropped], [1, 1]);
        }
      } finally {
        console.error = error;
      }
      assertEquals(printed, [
        ["The hook 'onDrop' failed:", "rejected"],
        ["The hook 'onDrop' failed:", "thrown"],
      ]);
    });
  });

  describe(`${kind} bus: unsafeEmit()`, () => {
    it("is emit(): it queues, counts and isolates", async () => {
      const heard: unknown[] = [];
      const bus = create({ onError: (error) => void heard.push(error) });
      let calls = 0;
      bus.on("a", fail("thrown"));
      bus.on("a", () => calls++);
      bus.unsafeEmit("a");
      bus.unsafeEmit({ type: "a", data: 1 });
      assertEquals([calls, bus.stats().depth], [0, 2]);
      await bus.drain();
      const { emitted, processed, failed } = bus.stats();
      assertEquals([calls, heard, emitted, processed, failed], [
        2,
        ["thrown", "thrown"],
        2,
        2,
        2,
      ]);
    });
  });

  describe(`${kind} bus: events that change while they wait`, () => {
    it("keep the key that they had when they were held back", async () => {
      const bus = create();
      const handled: unknown[] = [];
      bus.on("a", async (event) => {
        await turn();
        handled.push(event.data);
      });
      const events: BusEvent[] = [1, 2, 3].map((data) => ({ type: "a", key: "k", data }));
      for (const event of events) bus.emit(event);
      await null;
      events[1].key = "z";
      await bus.drain();
      assertEquals(handled, [1, 2, 3]);
    });

    it("may have a type and a key that throw when read", () =>
      silently(async () => {
        const bus = create({ overflow: "error", capacity: 4 });
        let handled = 0;
        bus.on("a", async () => {
          await turn();
          handled++;
          throw new Error("broken");
        });
        bus.emit({ type: "a", key: "k" });
        const hostile = { type: "a", data: 1 };
        bus.emit(hostile);
        for (const name of ["type", "key"]) {
          Object.defineProperty(hostile, name, {
            get() {
              throw new Error("hostile");
            },
          });
        }
        await bus.drain();
        assertEquals([handled, bus.stats().failed], [2, 2]);
      }));

    it("are reported at close by the type that they were emitted with", async () => {
      const types: string[] = [];
      const bus = create({ onDrop: ({ type }) => void types.push(type) });
      bus.on("a", () => {});
      const event = { type: "a", data: 1 };
      bus.emit(event);
      event.type = "b";
      await bus.close();
      assertEquals(types, ["a"]);
    });
  });

  describe(`${kind} bus: hooks and handlers of a full queue`, () => {
    it("onDrop may emit, and the queue keeps its bound", async () => {
      const bus = create({
        capacity: 4,
        overflow: "drop-oldest",
        onDrop: ({ type }) => type === "lost" || bus.emit("lost"),
      });
      bus.on("**", () => {});
      for (let i = 0; i < 1_000; i++) {
        bus.emit("a", i);
        assertLessOrEqual(bus.stats().depth, 4);
      }
      await bus.drain();
    });

    it("onDrop may close: what was accepted is reported as discarded", async () => {
      let closed: ReturnType<typeof bus.close> | undefined;
      const bus = create({
        capacity: 1,
        overflow: "drop-oldest",
        onDrop: () => void (closed ??= bus.close()),
      });
      bus.on("a", () => {});
      bus.emit("a", 1);
      bus.emit("a", 2);
      assertEquals((await closed)!.discarded, 1);
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([emitted, processed, dropped], [2, 0, 2]);
    });

    for (const end of ["close", "drain"] as const) {
      it(`a handler may ${end} while an emit makes room: the emit is refused`, async () => {
        const bus = create({ capacity: 1 });
        const handled: unknown[] = [];
        let ended: Promise<unknown> | undefined;
        bus.on("a", (event) => {
          handled.push(event.data);
          ended ??= bus[end]();
        });
        bus.emit("a", 1);
        assertThrows(() => bus.emit("a", 2), BusClosedError);
        await ended;
        assertEquals([handled, bus.stats().emitted], [[1], 1]);
      });
    }

    it("close() called by onDrop during close() gets the same promise", async () => {
      const reports: Promise<unknown>[] = [];
      const bus = create({ onDrop: () => void reports.push(bus.close()) });
      bus.on("a", () => {});
      bus.emit("a");
      reports.push(bus.close());
      assertStrictEquals(reports[0], reports[1]);
      assertEquals(await Promise.all(reports), [
        { discarded: 1, inDoubt: 0, stuck: 0 },
        { discarded: 1, inDoubt: 0, stuck: 0 },
      ]);
    });
  });
}

for (const [kind, create] of Object.entries({ sync: createSyncBus, ...QUEUEING })) {
  describe(`${kind} bus: promises that throw where they are awaited`, () => {
    it("are failures of an event that settles once, when all its handlers have", async () => {
      const failures: unknown[] = [];
      const bus = create({ onError: (error) => void failures.push(error) });
      const unawaitable = () =>
        Object.defineProperty(Promise.resolve(), "constructor", { get: fail("trap") });
      bus.on("a", unawaitable);
      bus.on("a", () => Promise.resolve());
      bus.on("a", unawaitable);
      bus.emit("a");
      await bus.drain({ timeout: 5_000 });
      const { processed, depth } = bus.stats();
      assertEquals([processed, depth, failures], [1, 0, ["trap", "trap"]]);
    });
  });
}

describe("drain()", () => {
  it("rejects after a close() that left handlers running", async () => {
    const bus = createSyncBus();
    let release = () => {};
    bus.on("a", () => new Promise<void>((resolve) => release = resolve));
    bus.emit("a");
    assertEquals((await bus.close({ timeout: 0 })).stuck, 1);
    await assertRejects(() => bus.drain(), DrainTimeoutError, "to its end");
    release();
    await turn();
    await bus.drain();
  });
});
