import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { BatchError, BusClosedError, PatternError } from "../core/errors.ts";
import { createAsyncBus } from "./async.ts";
import { createFlowBus } from "./flow.ts";
import { createSyncBus } from "./sync.ts";
import type { FlowOptions } from "./flow.ts";
import type { Bus, BusOptions, Subscription } from "../core/contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";

/** The kinds of bus whose common behaviour is pinned here; each is made with the same options. */
const KINDS: Record<string, (options?: BusOptions) => Bus<OpenEventMap>> = {
  sync: createSyncBus,
  async: createAsyncBus,
  flow: (options = {}) => createFlowBus(options && { batchTimeout: 0, ...options as FlowOptions }),
};

/** Waits until every delivery has settled: at once on a sync bus, some microtasks on the other. */
async function quiet(bus: Bus<OpenEventMap>): Promise<void> {
  while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 0));
}

for (const [kind, create] of Object.entries(KINDS)) {
  describe(`${kind} bus`, () => {
    describe("on()", () => {
      it("calls handlers in the order of registration across all patterns", async () => {
        const bus = create();
        const calls: string[] = [];
        for (const pattern of ["a.b", "a.*", "**", "a.b", "*.b", "c"]) {
          bus.on(pattern, () => calls.push(pattern));
        }
        bus.emit("a.b");
        await quiet(bus);
        assertEquals(calls, ["a.b", "a.*", "**", "a.b", "*.b"]);
      });

      it("calls a handler once for each of its subscriptions", async () => {
        const bus = create();
        let calls = 0;
        const handler = () => calls++;
        bus.on("a.*", handler);
        bus.on("a.b", handler);
        bus.emit("a.b");
        await quiet(bus);
        assertEquals(calls, 2);
      });

      it("lets no exact subscription hide a wildcard, and ends with the right ones after off()", async () => {
        const bus = create();
        const calls: string[] = [];
        const exact = bus.on("a.b", () => calls.push("exact"));
        const wild = bus.on("a.*", () => calls.push("wild"));
        bus.emit("a.b");
        await quiet(bus);
        exact.unsubscribe();
        bus.emit("a.b");
        await quiet(bus);
        wild.unsubscribe();
        bus.emit("a.b");
        await quiet(bus);
        assertEquals(calls, ["exact", "wild", "wild"]);
      });

      it("hands on the emitter's own object", async () => {
        const bus = create();
        const seen: BusEvent[] = [];
        bus.on("a", (event) => seen.push(event));
        const event = { type: "a", data: 1, key: "k", id: "1", metadata: { x: "y" } };
        bus.emit(event);
        await quiet(bus);
        assertStrictEquals<unknown>(seen[0], event);
      });

      it("matches a star in a type as a plain character", async () => {
        const bus = create();
        const calls: string[] = [];
        bus.on("a.*", () => calls.push("a.*"));
        bus.on("a.b", () => calls.push("a.b"));
        bus.emit("a.*");
        bus.emit("a.**");
        await quiet(bus);
        assertEquals(calls, ["a.*", "a.*"]);
      });

      it("takes types that are names of Object's own properties", async () => {
        const bus = create();
        const calls: string[] = [];
        for (const type of ["__proto__", "constructor", "toString", "undefined", "0"]) {
          bus.on(type, () => calls.push(type));
        }
        for (const type of ["__proto__", "constructor", "toString", "undefined", "0", "valueOf"]) {
          bus.emit(type);
        }
        await quiet(bus);
        assertEquals(calls, ["__proto__", "constructor", "toString", "undefined", "0"]);
      });

      it("returns a subscription with its pattern, ready at once", async () => {
        const subscription = create().on("a.*", () => {});
        assertEquals(subscription.pattern, "a.*");
        assertEquals(await subscription.ready, undefined);
      });

      it("calls a handler without a receiver", async () => {
        const bus = create();
        const receivers: unknown[] = [];
        bus.on("a", function (this: unknown) {
          receivers.push(this);
        });
        bus.emit("a");
        await quiet(bus);
        bus.on("a", function (this: unknown) {
          receivers.push(this);
        });
        bus.emit("a");
        await quiet(bus);
        assertEquals(receivers, [undefined, undefined, undefined]);
      });

      it("refuses a malformed pattern and keeps nothing of it", () => {
        const bus = create();
        assertThrows(() => bus.on("a..b", () => {}), PatternError, "'a..b'");
        assertThrows(() => bus.on("", () => {}), PatternError, "must not be empty");
        assertThrows(() => bus.on(5 as unknown as string, () => {}), TypeError, "must be a string");
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("refuses a handler that is no function", () => {
        const bus = create();
        assertThrows(
          () => bus.on("a", "b" as unknown as () => void),
          TypeError,
          "Cannot subscribe to 'a' as 'handler' must be a function: current value is 'b'",
        );
        assertThrows(() => bus.on("a", undefined as unknown as () => void), TypeError, "undefined");
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("refuses unknown and mistyped options", () => {
        const bus = create();
        const on = (options: object) => bus.on("a", () => {}, options);
        assertThrows(() => on({ onse: true }), TypeError, "option 'onse' is unknown");
        assertThrows(() => on({ each: true }), TypeError, "option 'each' is unknown");
        assertThrows(() => on({ once: 1 }), TypeError, "'once' must be a boolean");
        assertThrows(() => on({ signal: {} }), TypeError, "'signal' must be an AbortSignal");
        assertEquals(bus.stats().subscriptions, 0);
      });
    });

    describe("on({ once })", () => {
      it("calls the handler once, even if it emits again itself", async () => {
        const bus = create();
        let calls = 0;
        bus.on("a", () => {
          calls++;
          bus.emit("a");
        }, { once: true });
        bus.emit("a");
        bus.emit("a");
        await quiet(bus);
        assertEquals(calls, 1);
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("calls the handler once for a wildcard, too", async () => {
        const bus = create();
        const seen: string[] = [];
        bus.on("a.*", (event) => seen.push(event.type), { once: true });
        bus.emit("a.b");
        bus.emit("a.c");
        await quiet(bus);
        assertEquals(seen, ["a.b"]);
      });
    });

    describe("on({ signal })", () => {
      it("ends the subscription when the signal aborts", async () => {
        const bus = create();
        const controller = new AbortController();
        let calls = 0;
        bus.on("a", () => calls++, { signal: controller.signal });
        bus.emit("a");
        await quiet(bus);
        controller.abort();
        bus.emit("a");
        await quiet(bus);
        assertEquals([calls, bus.stats().subscriptions], [1, 0]);
      });

      it("never calls a handler whose signal has aborted already", async () => {
        const bus = create();
        let calls = 0;
        const subscription = bus.on("a", () => calls++, { signal: AbortSignal.abort() });
        bus.emit("a");
        await quiet(bus);
        assertEquals([calls, bus.off(subscription)], [0, false]);
      });

      it("lets go of the signal when the subscription ends before", () => {
        const bus = create();
        const { signal } = new AbortController();
        let listeners = 0;
        const add = signal.addEventListener.bind(signal);
        const remove = signal.removeEventListener.bind(signal);
        signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
        signal.removeEventListener = (...args: Parameters<typeof remove>) => (
          listeners--, remove(...args)
        );
        const subscriptions = [1, 2, 3].map(() => bus.on("a", () => {}, { signal }));
        assertEquals(listeners, 3);
        for (const subscription of subscriptions) subscription.unsubscribe();
        assertEquals(listeners, 0);
      });
    });

    describe("off()", () => {
      it("says whether the subscription was live", () => {
        const bus = create();
        const subscription = bus.on("a", () => {});
        assertEquals([bus.off(subscription), bus.off(subscription)], [true, false]);
        assertEquals(subscription.unsubscribe(), false);
      });

      it("refuses a subscription of another bus and leaves it live", async () => {
        const bus = create();
        const other = create();
        let calls = 0;
        const subscription = other.on("a", () => calls++);
        assertThrows(() => bus.off(subscription), TypeError, "one of this bus");
        for (const value of [undefined, null, {}, 5]) {
          assertThrows(() => bus.off(value as unknown as Subscription), TypeError);
        }
        other.emit("a");
        await quiet(other);
        assertEquals(calls, 1);
      });

      it("is what [Symbol.dispose] does", async () => {
        const bus = create();
        let calls = 0;
        bus.on("a", () => calls++)[Symbol.dispose]();
        bus.emit("a");
        await quiet(bus);
        assertEquals(calls, 0);
      });

      it("agrees with a list of subscriptions after any adds and removes", async () => {
        const pattern = fc.constantFrom("a", "a.b", "a.*", "*", "**", "**.b", "b");
        const step = fc.record({
          pattern,
          act: fc.constantFrom("on", "off", "emit"),
          pick: fc.nat(),
        });
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
            const bus = create();
            const live: { id: number; pattern: string; subscription: Subscription }[] = [];
            const calls: string[] = [];
            const expected: string[] = [];
            const types = ["a", "a.b", "b", "c.b"];
            const matching: Record<string, string[]> = {
              "a": ["a", "*", "**"],
              "a.b": ["a.b", "a.*", "**", "**.b"],
              "b": ["b", "*", "**", "**.b"],
              "c.b": ["**", "**.b"],
            };
            for (const [id, { pattern, act, pick }] of steps.entries()) {
              if (act === "on") {
                const subscription = bus.on(pattern, (event) => calls.push(`${id} ${event.type}`));
                live.push({ id, pattern, subscription });
              } else if (act === "off" && live.length > 0) {
                bus.off(live.splice(pick % live.length, 1)[0].subscription);
              } else {
                const type = types[pick % types.length];
                bus.emit(type);
                await quiet(bus);
                for (const each of live) {
                  if (matching[type].includes(each.pattern)) expected.push(`${each.id} ${type}`);
                }
              }
            }
            assertEquals(calls, expected);
            assertEquals(bus.stats().subscriptions, live.length);
          }),
          { numRuns: 150 },
        );
      });
    });

    describe("emit()", () => {
      for (
        const [name, input] of [
          ["no event", undefined],
          ["null", null],
          ["a number", 5],
          ["an event without a type", { data: 1 }],
          ["an event with an empty type", { type: "" }],
          ["an event with a type that is no string", { type: 5 }],
          ["an empty type", ""],
        ] as const
      ) {
        it(`refuses ${name}`, () => {
          const bus = create();
          bus.on("**", () => {});
          bus.on("undefined", () => {});
          const emit = bus.emit.bind(bus) as (input: unknown) => void;
          assertThrows(() => emit(input), TypeError, "'type' must be a non-empty string");
          assertThrows(() => (bus.unsafeEmit as (i: unknown) => void).call(bus, input), TypeError);
          assertEquals(bus.stats().emitted, 0);
        });
      }

      it("counts an event that nobody wants as processed at once", () => {
        const bus = create();
        bus.emit("a");
        const { emitted, processed, depth } = bus.stats();
        assertEquals([emitted, processed, depth], [1, 1, 0]);
      });

      it("delivers types that are built at run time", async () => {
        const bus = create();
        const seen: string[] = [];
        bus.on("topic.3", (event) => seen.push(event.type));
        for (let i = 0; i < 5; i++) bus.emit(`topic.${i}`);
        await quiet(bus);
        assertEquals(seen, ["topic.3"]);
      });

      it("delivers a type of a megabyte", async () => {
        const bus = create();
        const type = "x".repeat(1 << 20);
        let calls = 0;
        bus.emit(type);
        bus.on("*", () => calls++);
        bus.emit(type);
        await quiet(bus);
        bus.on(type, () => calls++);
        bus.emit(type);
        await quiet(bus);
        assertEquals(calls, 3);
      });

      it("lets handlers remove themselves, remove others and add handlers", async () => {
        const bus = create();
        const calls: string[] = [];
        const first = bus.on("a", () => {
          calls.push("first");
          first.unsubscribe();
          second.unsubscribe();
          bus.on("a", () => calls.push("third"));
        });
        const second = bus.on("a", () => calls.push("second"));
        bus.emit("a");
        await quiet(bus);
        assertEquals(calls, ["first", "second"], "a running emit finishes on its list");
        bus.emit("a");
        await quiet(bus);
        assertEquals(calls, ["first", "second", "third"]);
      });

      it("lets handlers emit recursively", async () => {
        const bus = create();
        const depths: unknown[] = [];
        bus.on("a", (event) => {
          depths.push(event.data);
          if ((event.data as number) < 5) bus.emit("a", (event.data as number) + 1);
        });
        bus.emit("a", 0);
        await quiet(bus);
        assertEquals(depths, [0, 1, 2, 3, 4, 5]);
      });
    });

    describe("emitBatch()", () => {
      it("emits every event in order", async () => {
        const bus = create();
        const seen: unknown[] = [];
        bus.on("a", (event) => seen.push(event.data));
        bus.emitBatch([1, 2, 3].map((data) => ({ type: "a", data })));
        await quiet(bus);
        assertEquals(seen, [1, 2, 3]);
      });

      it("emits the events around a bad one, then names it", async () => {
        const bus = create();
        const seen: unknown[] = [];
        bus.on("a", (event) => seen.push(event.data));
        const events = [{ type: "a", data: 1 }, { type: "" }, { type: "a", data: 3 }];
        const error = assertThrows(() => bus.emitBatch(events), BatchError, "1 of 3");
        assertEquals(error.failures.map((failure) => failure.index), [1]);
        assertInstanceOf(error.failures[0].error, TypeError);
        assertStrictEquals(error.cause, error.failures[0].error);
        await quiet(bus);
        assertEquals(seen, [1, 3]);
      });

      it("takes an empty batch and refuses what is no array", () => {
        const bus = create();
        bus.emitBatch([]);
        assertThrows(() => bus.emitBatch({} as []), TypeError, "'events' must be an array");
      });
    });

    describe("topic()", () => {
      it("follows every change of the subscriptions", async () => {
        const bus = create();
        const topic = bus.topic("a.b");
        const calls: string[] = [];
        const emit = async () => {
          topic.emit(1);
          await quiet(bus);
        };
        await emit();
        const wild = bus.on("a.*", () => calls.push("wild"));
        await emit();
        const exact = bus.on("a.b", () => calls.push("exact"));
        await emit();
        wild.unsubscribe();
        await emit();
        exact.unsubscribe();
        await emit();
        bus.on("a.b", () => calls.push("again"));
        await emit();
        assertEquals(calls, ["wild", "wild", "exact", "exact", "again"]);
      });

      it("follows the first subscription after its type was forgotten by the cache", async () => {
        const bus = create();
        bus.on("**", () => {});
        const topic = bus.topic("a");
        for (let i = 0; i < 10_000; i++) bus.emit(`other.${i}`);
        let calls = 0;
        bus.on("a", () => calls++);
        topic.emit(1);
        await quiet(bus);
        assertEquals(calls, 1);
      });

      it("emit() makes an event, dispatch() hands the caller's on", async () => {
        const bus = create();
        const seen: BusEvent[] = [];
        bus.on("a", (event) => seen.push(event));
        const topic = bus.topic("a");
        const event = { type: "a", data: 2 };
        topic.emit(1);
        topic.unsafeEmit(1);
        topic.dispatch(event);
        topic.unsafeDispatch(event);
        await quiet(bus);
        assertEquals(seen.slice(0, 2), [{ type: "a", data: 1 }, { type: "a", data: 1 }]);
        assertStrictEquals<unknown>(seen[2], event);
        assertStrictEquals<unknown>(seen[3], event);
      });

      it("refuses another type and an empty one", () => {
        const bus = create();
        const topic = bus.topic("a");
        assertEquals(topic.type, "a");
        const event = { type: "b", data: 1 };
        assertThrows(() => topic.dispatch(event), TypeError, "'event.type' must be 'a'");
        assertThrows(() => topic.unsafeDispatch(event), TypeError, "current value is 'b'");
        assertThrows(() => topic.dispatch(undefined as unknown as BusEvent), TypeError);
        assertThrows(() => bus.topic(""), TypeError, "'type' must be a non-empty string");
        assertEquals(bus.stats().emitted, 0);
      });

      it("refuses to emit after close", async () => {
        const bus = create();
        const topic = bus.topic("a");
        bus.on("a", () => {});
        await bus.close();
        const event = { type: "a", data: 1 };
        assertThrows(() => topic.emit(1), BusClosedError);
        assertThrows(() => topic.unsafeEmit(1), BusClosedError);
        assertThrows(() => topic.dispatch(event), BusClosedError);
        assertThrows(() => topic.unsafeDispatch(event), BusClosedError);
      });
    });

    describe("once()", () => {
      it("resolves with the next event that matches, and with no other", async () => {
        const bus = create();
        const promise = bus.once("a.*");
        bus.emit("b");
        bus.emit("a.b", 1);
        bus.emit("a.c", 2);
        assertEquals(await promise, { type: "a.b", data: 1 });
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("rejects with the signal's reason", async () => {
        const bus = create();
        const controller = new AbortController();
        const promise = bus.once("a", { signal: controller.signal });
        const reason = new Error("enough");
        controller.abort(reason);
        assertStrictEquals(await promise.catch((error) => error), reason);
        const late = bus.once("a", { signal: controller.signal });
        assertStrictEquals(await late.catch((error) => error), reason);
        assertEquals(bus.stats().subscriptions, 0);
      });

      it("rejects when the bus closes first, and harms nobody who stopped waiting", async () => {
        const bus = create();
        const awaited = bus.once("a");
        bus.once("b");
        await bus.close();
        await assertRejects(() => awaited, BusClosedError, "wait for 'a'");
      });

      it("rejects for bad input", async () => {
        const bus = create();
        await assertRejects(() => bus.once("a..b"), PatternError);
        await assertRejects(() => bus.once("a", { sginal: 1 } as object), TypeError, "unknown");
        await bus.close();
        await assertRejects(() => bus.once("a"), BusClosedError);
      });
    });

    describe("prewarm()", () => {
      it("resolves types ahead and delivers nothing", async () => {
        const bus = create();
        let calls = 0;
        bus.on("a.*", () => calls++);
        bus.prewarm(["a.b", "c"]);
        assertEquals([calls, bus.stats().emitted], [0, 0]);
        bus.emit("a.b");
        await quiet(bus);
        assertEquals(calls, 1);
      });

      it("refuses what is no array of types", () => {
        const bus = create();
        assertThrows(
          () => bus.prewarm("a" as unknown as []),
          TypeError,
          "'types' must be an array",
        );
        assertThrows(() => bus.prewarm(["a", ""]), TypeError, "'type' must be a non-empty string");
      });
    });

    it("is made only with options that it knows", () => {
      assertThrows(
        () => create({ onEror: () => {} } as BusOptions),
        TypeError,
        "'onEror' is unknown",
      );
      assertThrows(() => create({ onError: 5 } as unknown as BusOptions), TypeError, "'onError'");
      assertThrows(() => create({ onDrop: "x" } as unknown as BusOptions), TypeError, "'onDrop'");
      assertThrows(() => create(null as unknown as BusOptions), TypeError, "must be an object");
    });

    it("says in capabilities what it uses", () => {
      const { engine, threads, transport } = create().capabilities;
      assertEquals([engine, threads, transport], [kind, 0, kind === "sync" ? "call" : "queue"]);
    });

    it("counts right over a hundred thousand distinct types", async () => {
      const bus = create();
      bus.on("wanted.**", () => {});
      for (let i = 0; i < 100_000; i++) {
        bus.emit(`unwanted.${i}`);
        if (i % 8 === 0) bus.emit(`wanted.${i}`);
        if (i % 10_000 === 0) await quiet(bus);
      }
      await quiet(bus);
      const { emitted, processed } = bus.stats();
      assertEquals([emitted, processed], [112_500, 112_500]);
    });
  });
}
