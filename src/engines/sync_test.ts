import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BatchError } from "../core/errors.ts";
import { createSyncBus } from "./sync.ts";
import { turn } from "./testdata/waits.ts";
import type { BusOptions, ErrorContext } from "../core/bus_options.ts";

/** A thenable that is no promise. */
function thenable(
  settle: (resolve: () => void, reject: (error: unknown) => void) => void,
): unknown {
  return { then: settle };
}

function fail(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** Options that note what `onError` hears. */
function noting(): { options: BusOptions; heard: [error: unknown, context: ErrorContext][] } {
  const heard: [unknown, ErrorContext][] = [];
  return { options: { onError: (error, context) => void heard.push([error, context]) }, heard };
}

describe("sync bus", () => {
  describe("emit()", () => {
    it("calls the handlers before it returns", () => {
      const bus = createSyncBus();
      const calls: number[] = [];
      bus.on("a", () => calls.push(1));
      bus.on("a", () => calls.push(2));
      bus.emit("a");
      assertEquals(calls, [1, 2]);
    });

    it("rethrows one failure as it was, after all handlers have run", () => {
      const bus = createSyncBus();
      const error = new Error("broken");
      let calls = 0;
      bus.on("a", fail(error));
      bus.on("a", () => calls++);
      assertStrictEquals(assertThrownBy(() => bus.emit("a")), error);
      assertEquals(calls, 1);
    });

    it("rethrows the failure of a sole handler as it was", () => {
      const bus = createSyncBus();
      const error = new Error("broken");
      bus.on("a", fail(error));
      assertStrictEquals(assertThrownBy(() => bus.emit("a")), error);
      const { emitted, processed, failed } = bus.stats();
      assertEquals([emitted, processed, failed], [1, 1, 1]);
    });

    it("throws an AggregateError of several failures, in the order of the handlers", () => {
      const bus = createSyncBus();
      bus.on("a", fail("first"));
      bus.on("*", () => {});
      bus.on("**", fail("second"));
      const error = assertThrows(() => bus.emit("a"), AggregateError, "2 handlers of event 'a'");
      assertEquals(error.errors, ["first", "second"]);
      assertEquals(bus.stats().failed, 2);
    });

    it("keeps the message about many failures short, however long the type is", () => {
      const bus = createSyncBus();
      const type = "x".repeat(1 << 20);
      for (let i = 0; i < 2; i++) bus.on(type, fail(i));
      const error = assertThrows(() => bus.emit(type), AggregateError, "2 handlers of event 'xxx");
      assertEquals(error.message.length < 200, true);
      const topic = bus.topic(type);
      const refusal = assertThrows(() => topic.dispatch({ type: "y", data: 1 }), TypeError, "'y'");
      assertEquals(refusal.message.length < 200, true);
    });

    for (const value of [undefined, null, 0, ""]) {
      it(`rethrows a thrown ${JSON.stringify(value) ?? "undefined"}`, () => {
        for (const others of [0, 1]) {
          const bus = createSyncBus();
          bus.on("a", fail(value));
          if (others > 0) bus.on("a", () => {});
          let thrown: unknown = "nothing";
          try {
            bus.emit("a");
          } catch (error) {
            thrown = error;
          }
          assertStrictEquals(thrown, value);
          assertEquals(bus.stats().failed, 1);
        }
      });
    }

    it("tells onError nothing of what the caller gets", () => {
      const { options, heard } = noting();
      const bus = createSyncBus(options);
      bus.on("a", fail(new Error("broken")));
      assertThrows(() => bus.emit("a"));
      assertEquals(heard, []);
    });

    it("ignores what handlers return, unless it is a promise", () => {
      const bus = createSyncBus();
      for (const value of [1, "x", null, {}, () => {}, { then: 5 }, false]) {
        bus.on("a", () => value);
      }
      bus.emit("a");
      assertEquals(bus.stats().depth, 0);
    });

    it("counts a throw inside a nested emit once for each emit that it ends", () => {
      const bus = createSyncBus();
      bus.on("outer", () => bus.emit("inner"));
      bus.on("inner", fail(new Error("broken")));
      assertThrows(() => bus.emit("outer"), Error, "broken");
      const { emitted, processed, failed } = bus.stats();
      assertEquals([emitted, processed, failed], [2, 2, 2]);
    });
  });

  describe("emit() with promises", () => {
    it("tells onError of a rejection, with the event and the subscription", async () => {
      const { options, heard } = noting();
      const bus = createSyncBus(options);
      const error = new Error("late");
      const event = { type: "a", data: 1 };
      const subscription = bus.on("a", () => Promise.reject(error));
      bus.emit(event);
      assertEquals(bus.stats().depth, 1);
      await turn();
      assertEquals(heard.length, 1);
      assertStrictEquals(heard[0][0], error);
      assertStrictEquals<unknown>(heard[0][1].event, event);
      assertStrictEquals(heard[0][1].subscription, subscription);
      const { processed, failed, depth } = bus.stats();
      assertEquals([processed, failed, depth], [1, 1, 0]);
    });

    it("counts a delivery as processed when the last of its promises has settled", async () => {
      const bus = createSyncBus();
      const resolvers: (() => void)[] = [];
      const handler = () => new Promise<void>((resolve) => resolvers.push(resolve));
      bus.on("a", handler);
      bus.on("a", handler);
      bus.emit("a");
      resolvers[0]();
      await turn();
      assertEquals([bus.stats().processed, bus.stats().depth], [0, 1]);
      resolvers[1]();
      await turn();
      assertEquals([bus.stats().processed, bus.stats().depth], [1, 0]);
    });

    it("watches thenables, even ones that misbehave", async () => {
      const { options, heard } = noting();
      const bus = createSyncBus(options);
      bus.on("rejects", () => thenable((_, reject) => reject("rejected")));
      bus.on("throws", () => thenable(fail("thrown")));
      bus.on("callable", () => Object.assign(() => {}, thenable((_, reject) => reject("called"))));
      bus.on("both", () => thenable((resolve, reject) => (resolve(), reject("too late"))));
      for (const type of ["rejects", "throws", "callable", "both"]) bus.emit(type);
      await turn();
      assertEquals(heard.map(([error]) => error).sort(), ["called", "rejected", "thrown"]);
      assertEquals([bus.stats().processed, bus.stats().depth], [4, 0]);
    });

    it("takes a 'then' that cannot be read as the handler's own failure", () => {
      const bus = createSyncBus();
      const hostile = () => ({
        get then() {
          throw new Error("hostile");
        },
      });
      bus.on("a", hostile);
      assertThrows(() => bus.emit("a"), Error, "hostile");
      bus.on("a", () => {});
      assertThrows(() => bus.emit("a"), Error, "hostile");
      const { emitted, processed, failed } = bus.stats();
      assertEquals([emitted, processed, failed], [2, 2, 2]);
    });

    it("prints the first rejection of each subscription without onError, and counts the rest", async () => {
      const printed: unknown[][] = [];
      const { error } = console;
      console.error = (...line: unknown[]) => void printed.push(line);
      try {
        const bus = createSyncBus();
        bus.on("a", () => Promise.reject("x"));
        bus.on("a.*", () => Promise.reject("y"));
        for (let i = 0; i < 3; i++) bus.emit("a");
        bus.emit("a.b");
        await turn();
        assertEquals(printed, [
          ["A handler of 'a' failed:", "x"],
          ["A handler of 'a.*' failed:", "y"],
        ]);
        assertEquals(bus.stats().failed, 4);
      } finally {
        console.error = error;
      }
    });

    it("prints what onError itself throws or rejects with", async () => {
      const printed: unknown[][] = [];
      const { error } = console;
      console.error = (...line: unknown[]) => void printed.push(line);
      try {
        for (const onError of [fail("thrown"), () => Promise.reject("rejected")]) {
          const bus = createSyncBus({ onError });
          bus.on("a", () => Promise.reject("x"));
          bus.emit("a");
          await turn();
          assertEquals(bus.stats().failed, 1);
        }
        assertEquals(printed, [
          ["The hook 'onError' failed:", "thrown"],
          ["The hook 'onError' failed:", "rejected"],
        ]);
      } finally {
        console.error = error;
      }
    });

    it("lets onError emit", async () => {
      const seen: unknown[] = [];
      const bus = createSyncBus({ onError: (error) => bus.emit("failed", error) });
      bus.on("failed", (event) => seen.push(event.data));
      bus.on("a", () => Promise.reject("x"));
      bus.emit("a");
      await turn();
      assertEquals(seen, ["x"]);
    });
  });

  describe("failFast", () => {
    it("stops emit() at the first handler that throws", () => {
      const bus = createSyncBus({ failFast: true });
      let calls = 0;
      bus.on("a", () => calls++);
      bus.on("a", fail("first"));
      bus.on("a", () => calls++);
      assertStrictEquals(assertThrownBy(() => bus.emit("a")), "first");
      assertEquals([calls, bus.stats().failed], [1, 1]);
    });

    it("stops emitAsync() at the first handler that throws", async () => {
      const bus = createSyncBus({ failFast: true });
      let calls = 0;
      bus.on("a", () => Promise.resolve(calls++));
      bus.on("a", fail(new Error("first")));
      bus.on("a", () => calls++);
      await assertRejects(() => bus.emitAsync("a"), Error, "first");
      assertEquals(calls, 1);
    });

    it("must be a boolean", () => {
      assertThrows(() => createSyncBus({ failFast: 1 } as object), TypeError, "'failFast'");
    });
  });

  describe("unsafeEmit()", () => {
    it("lets the first throw through and calls no further handler", () => {
      const bus = createSyncBus();
      let calls = 0;
      bus.on("a", () => calls++);
      bus.on("a", fail("first"));
      bus.on("a", () => calls++);
      assertStrictEquals(assertThrownBy(() => bus.unsafeEmit("a")), "first");
      assertEquals(calls, 1);
    });

    it("counts nothing", () => {
      const bus = createSyncBus();
      let calls = 0;
      bus.on("a", () => calls++);
      bus.unsafeEmit("a");
      bus.unsafeEmit({ type: "a", data: 1 });
      bus.topic("a").unsafeEmit(1);
      const { emitted, processed } = bus.stats();
      assertEquals([calls, emitted, processed], [3, 0, 0]);
    });

    it("watches promises, and counts what drain has to wait for", async () => {
      const { options, heard } = noting();
      const bus = createSyncBus(options);
      bus.on("one", () => Promise.reject("x"));
      bus.on("two", () => Promise.reject("y"));
      bus.on("two", () => Promise.resolve());
      bus.unsafeEmit("one");
      bus.unsafeEmit("two");
      assertEquals(bus.stats().depth, 3);
      await turn();
      assertEquals(heard.map(([error]) => error), ["x", "y"]);
      assertEquals(bus.stats().depth, 0);
    });

    it("has no handler that may emit while the bus drains, as nothing tells that it runs", async () => {
      for (const unsafe of [false, true]) {
        const bus = createSyncBus();
        const errors: unknown[] = [];
        let drained: Promise<void> | undefined;
        bus.on("a", () => {
          drained = bus.drain();
          try {
            bus.emit("b");
          } catch (error) {
            errors.push((error as Error).name);
          }
        });
        if (unsafe) bus.unsafeEmit("a");
        else bus.emit("a");
        await drained;
        assertEquals(errors, unsafe ? ["BusClosedError"] : []);
      }
    });
  });

  describe("emitBatch()", () => {
    it("attempts every event, then throws the failures with their positions", () => {
      const bus = createSyncBus();
      const seen: unknown[] = [];
      bus.on("a", (event) => {
        seen.push(event.data);
        if (event.data === 2) throw new Error("broken");
      });
      const events = [1, 2, 3].map((data) => ({ type: "a", data }));
      const error = assertThrows(() => bus.emitBatch(events), BatchError);
      assertEquals(seen, [1, 2, 3]);
      assertEquals(error.failures.map((each) => each.index), [1]);
    });
  });
});

function assertThrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a throw");
}
