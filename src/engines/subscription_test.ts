import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { BusClosedError, PatternError } from "../core/errors.ts";
import { countedSignal } from "./testdata/counted_signal.ts";
import { KINDS } from "./testdata/kinds.ts";
import { quiet } from "./testdata/waits.ts";
import type { Subscription } from "../core/subscription.ts";
import type { BusEvent } from "../core/event.ts";

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

      it("calls the handler once, even if one before it emits again", async () => {
        const bus = create();
        let calls = 0;
        bus.on("a", (event) => {
          if (event.data === 1) bus.emit("a", 2);
        });
        bus.on("a", () => calls++, { once: true });
        bus.emit("a", 1);
        await quiet(bus);
        assertEquals(calls, 1);
      });

      it("ends the subscription of a handler that throws", async () => {
        const bus = create({ onError: () => {} });
        let calls = 0;
        bus.on("a", () => {
          calls++;
          throw new Error("no");
        }, { once: true });
        for (let i = 0; i < 2; i++) {
          try {
            bus.emit("a");
          } catch {
            // A sync bus tells whoever emits.
          }
        }
        await quiet(bus);
        assertEquals([calls, bus.stats().subscriptions], [1, 0]);
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
        const { signal, listeners } = countedSignal();
        const subscriptions = [1, 2, 3].map(() => bus.on("a", () => {}, { signal }));
        assertEquals(listeners(), 3);
        for (const subscription of subscriptions) subscription.unsubscribe();
        assertEquals(listeners(), 0);
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
        assertThrows(() => bus.off(subscription), TypeError, "what 'on' of this bus returned");
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

      it("hears a signal that its options inherit, as events() does", async () => {
        const bus = create();
        const controller = new AbortController();
        const options = Object.create({ signal: controller.signal });
        const promise = bus.once("a", options);
        const events = bus.events("a", options);
        controller.abort("enough");
        assertEquals(await promise.catch((error) => error), "enough");
        assertEquals((await events.next()).done, true);
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
  });
}
