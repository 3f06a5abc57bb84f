import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BatchError, BusClosedError } from "../core/errors.ts";
import { Resolution } from "../core/resolution.ts";
import { KINDS } from "./testdata/kinds.ts";
import { quiet } from "./testdata/waits.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { BusEvent } from "../core/event.ts";

const TYPE = "'type' must be a non-empty string: current value is";

function fail(): never {
  throw new Error("a function is no event, and nobody calls it");
}

for (const [kind, create] of Object.entries(KINDS)) {
  describe(`${kind} bus`, () => {
    describe("emit()", () => {
      for (
        const [name, input, says] of [
          ["no event", undefined, "'event' must be an object: current value is undefined"],
          ["null", null, "'event' must be an object: current value is null"],
          ["a number", 5, "'event' must be an object: current value is 5"],
          ["a function", fail, "'event' must be an object: current value is function fail("],
          ["an event without a type", { data: 1 }, `${TYPE} undefined`],
          ["an event with an empty type", { type: "" }, `${TYPE} ''`],
          ["an event with a type that is no string", { type: 5 }, `${TYPE} 5`],
          ["an empty type", "", `${TYPE} ''`],
        ] as const
      ) {
        it(`refuses ${name}`, () => {
          const bus = create();
          bus.on("**", () => {});
          bus.on("undefined", () => {});
          // What was looked up before must not be found for what is no type.
          bus.prewarm(["undefined", "null", "5"]);
          const emit = bus.emit.bind(bus) as (input: unknown) => void;
          assertThrows(() => emit(input), TypeError, says);
          const unsafeEmit = bus.unsafeEmit.bind(bus) as (input: unknown) => void;
          assertThrows(() => unsafeEmit(input), TypeError, says);
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
        const events = [{ type: "a", data: 1 }, { type: "" }, { type: "a", data: 3 }, "a"];
        const batch = events as { type: string }[];
        const error = assertThrows(() => bus.emitBatch(batch), BatchError, "2 of 4");
        assertEquals(error.failures.map((failure) => failure.index), [1, 3]);
        const [first, second] = error.failures;
        assertInstanceOf(first.error, TypeError);
        assertStrictEquals(error.cause, first.error);
        assertEquals(
          (second.error as Error).message,
          "Cannot emit as 'event' must be an object: current value is 'a'",
        );
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

      it("follows a subscription after its type had none and others came and went", async () => {
        const bus = create();
        const topic = bus.topic("a");
        bus.on("a", () => {}).unsubscribe();
        topic.emit(1);
        // The type that ended last is taken out of the table when the next one ends.
        bus.on("b", () => {}).unsubscribe();
        let calls = 0;
        bus.on("a", () => calls++);
        topic.emit(2);
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
        for (const input of [undefined, null, 5, "a"]) {
          const says = "Cannot dispatch as 'event.type' must be 'a': current value is " +
            (input === "a" ? "'a'" : input);
          assertThrows(() => topic.dispatch(input as unknown as BusEvent), TypeError, says);
          assertThrows(() => topic.unsafeDispatch(input as unknown as BusEvent), TypeError, says);
        }
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

      it("leaves nothing to be resolved at the first emit", () => {
        const bus = create();
        bus.on("a.*", () => {});
        bus.prewarm(["a.b"]);
        const { rebuild } = Resolution.prototype;
        const rebuilt: string[] = [];
        Resolution.prototype.rebuild = function (...lists) {
          rebuilt.push(this.type);
          rebuild.apply(this, lists);
        };
        try {
          bus.emit("a.b");
          assertEquals(rebuilt, []);
          bus.emit("a.c");
          assertEquals(rebuilt, ["a.c"]);
        } finally {
          Resolution.prototype.rebuild = rebuild;
        }
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
      const { capabilities } = create();
      const { engine, threads, transport } = capabilities;
      assertEquals([engine, threads, transport], [kind, 0, kind === "sync" ? "call" : "queue"]);
      assertEquals(Object.isFrozen(capabilities), true);
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
