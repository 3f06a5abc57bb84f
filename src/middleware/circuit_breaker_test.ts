import {
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  eachForm,
  failing,
  failureOf,
  remembering,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import type { Handle } from "../message/handler.ts";
import type { CircuitChange } from "./breaker.ts";
import { circuitBreaker } from "./circuit_breaker.ts";
import { CircuitOpenError, ValidationError } from "./errors.ts";

const down = new Error("down");

/** A handler that fails while `broken` is true. */
function switchable(): { handle: Handle; calls: number; broken: boolean } {
  const state = { handle: (() => {}) as Handle, calls: 0, broken: true };
  state.handle = () => {
    state.calls++;
    if (state.broken) throw down;
  };
  return state;
}

/** A handler whose calls end when told. */
function manual(): { handle: Handle; calls: PromiseWithResolvers<void>[] } {
  const calls: PromiseWithResolvers<void>[] = [];
  const handle = () => {
    const call = Promise.withResolvers<void>();
    calls.push(call);
    return call.promise;
  };
  return { handle, calls };
}

describe("circuitBreaker", () => {
  eachForm((form, make) => {
    it(`lets 6 failures through, refuses the next 4 without a call, closes after the cooldown, ${form}`, () =>
      withFakeTime(async (time) => {
        for (const shape of [(handle: Handle) => handle, asynchronous]) {
          const dependency = switchable();
          const handle = circuitBreaker({ minimum: 6, cooldown: 1_000 })(
            shape(dependency.handle),
          );
          for (let i = 0; i < 6; i++) {
            assertStrictEquals(await failureOf(() => handle(make())), down);
          }
          for (let i = 0; i < 4; i++) {
            const error = await failureOf(() => handle(make()));
            assertInstanceOf(error, CircuitOpenError);
            assertEquals([error.name, error.retryAfter], ["CircuitOpenError", 1_000]);
          }
          assertEquals(dependency.calls, 6);
          time.tick(1_000);
          dependency.broken = false;
          for (let i = 0; i < 10; i++) await handle(make());
          assertEquals(dependency.calls, 16);
        }
      }));
  });

  it("opens at half of 5 calls within 10 s, for 30 s, unless told otherwise", () =>
    withFakeTime(async (time) => {
      const dependency = switchable();
      const handle = circuitBreaker()(dependency.handle);
      for (let i = 0; i < 4; i++) await failureOf(() => handle(single()));
      time.tick(10_001);
      dependency.broken = false;
      for (let i = 0; i < 2; i++) await handle(single());
      dependency.broken = true;
      for (let i = 0; i < 3; i++) await failureOf(() => handle(single()));
      const error = await failureOf(() => handle(single()));
      assertInstanceOf(error, CircuitOpenError);
      assertEquals([error.retryAfter, dependency.calls], [30_000, 9]);
    }));

  it("opens at the failure rate, not before the minimum of calls", () =>
    withFakeTime(async () => {
      const dependency = switchable();
      const handle = circuitBreaker({ minimum: 4, failureRate: 0.75 })(dependency.handle);
      dependency.broken = false;
      await handle(single());
      dependency.broken = true;
      for (let i = 0; i < 3; i++) {
        assertStrictEquals(await failureOf(() => handle(single())), down);
      }
      assertInstanceOf(await failureOf(() => handle(single())), CircuitOpenError);
    }));

  it("forgets what is older than the window", () =>
    withFakeTime(async (time) => {
      const handle = circuitBreaker({ minimum: 3, window: 1_000 })(switchable().handle);
      for (let i = 0; i < 20; i++) {
        assertStrictEquals(await failureOf(() => handle(single())), down);
        time.tick(500);
      }
    }));

  it("lets another call try when one that tries does not end", () =>
    withFakeTime(async (time) => {
      const { handle: dependency, calls } = manual();
      const handle = circuitBreaker({ minimum: 1, cooldown: 100 })(dependency);
      const first = failureOf(() => handle(single()));
      calls[0]!.reject(down);
      await first;
      time.tick(100);
      const hanging = handle(single());
      time.tick(99);
      assertInstanceOf(await failureOf(() => handle(single())), CircuitOpenError);
      time.tick(1);
      const another = handle(single());
      assertInstanceOf(await failureOf(() => handle(single())), CircuitOpenError);
      calls[2]!.resolve();
      await another;
      const after = handle(single());
      assertEquals(calls.length, 4);
      calls[1]!.reject(down);
      assertStrictEquals(await failureOf(() => hanging), down);
      calls[3]!.resolve();
      await after;
      const last = handle(single());
      calls[4]!.resolve();
      await last;
    }));

  it("closes by a call that takes longer than the cooldown, if it ends well", () =>
    withFakeTime(async (time) => {
      const { handle: dependency, calls } = manual();
      const handle = circuitBreaker({ minimum: 1, cooldown: 100 })(dependency);
      const first = failureOf(() => handle(single()));
      calls[0]!.reject(down);
      await first;
      time.tick(100);
      const slow = handle(single());
      time.tick(100);
      const another = handle(single());
      calls[1]!.resolve();
      await slow;
      const open = [handle(single()), handle(single())];
      assertEquals(calls.length, 5);
      for (const call of calls) call.resolve();
      await Promise.all([another, ...open]);
    }));

  it("half-open lets only so many try at a time", () =>
    withFakeTime(async (time) => {
      const { handle: dependency, calls } = manual();
      const handle = circuitBreaker({ minimum: 1, cooldown: 100, halfOpen: 2 })(dependency);
      const first = failureOf(() => handle(single()));
      calls[0].reject(down);
      await first;
      time.tick(100);
      const trials = [handle(single()), handle(single())];
      const error = await failureOf(() => handle(single()));
      // Not at once: all that were refused would come together, and be refused again.
      assertEquals((error as CircuitOpenError).retryAfter, 10);
      assertEquals(calls.length, 3);
      calls[1].resolve();
      await trials[0];
      assertInstanceOf(await failureOf(() => handle(single())), CircuitOpenError);
      calls[2].resolve();
      await trials[1];
      const open = [handle(single()), handle(single()), handle(single())];
      assertEquals(calls.length, 6);
      for (const call of calls) call.resolve();
      await Promise.all(open);
    }));

  it("half-open opens again at a failure, for a whole cooldown", () =>
    withFakeTime(async (time) => {
      const dependency = switchable();
      const handle = circuitBreaker({ minimum: 1, cooldown: 100 })(dependency.handle);
      await failureOf(() => handle(single()));
      time.tick(100);
      assertStrictEquals(await failureOf(() => handle(single())), down);
      time.tick(60);
      const error = await failureOf(() => handle(single()));
      assertAlmostEquals((error as CircuitOpenError).retryAfter, 40);
    }));

  it("does not count how a call ends that began before the last change", () =>
    withFakeTime(async (time) => {
      const { handle: dependency, calls } = manual();
      const changes: CircuitChange[] = [];
      const handle = circuitBreaker({
        minimum: 1,
        cooldown: 100,
        onStateChange: (change) => changes.push(change),
      })(dependency);
      const ends = [1, 2, 3].map(() => failureOf(() => handle(single())));
      calls[0].reject(down);
      await ends[0];
      time.tick(100);
      const trial = handle(single());
      calls[1].reject(down);
      calls[2].resolve();
      await ends[1];
      await failureOf(() => ends[2]);
      assertEquals(changes.map(({ to }) => to), ["open", "half-open"]);
      calls[3].resolve();
      await trial;
      assertEquals(changes.map(({ to }) => to), ["open", "half-open", "closed"]);
    }));

  it("counts ignored errors neither as failure nor as success", () =>
    withFakeTime(async (time) => {
      const invalid = new ValidationError("orders", [{ message: "no total" }]);
      const thrown = [invalid, invalid, down, invalid, down];
      const handler = failing(...thrown);
      const changes: CircuitChange[] = [];
      const handle = circuitBreaker({
        minimum: 1,
        failureRate: 1,
        cooldown: 100,
        ignore: ValidationError,
        onStateChange: (change) => changes.push(change),
      })(handler);
      for (const error of thrown.slice(0, 3)) {
        assertStrictEquals(await failureOf(() => handle(single())), error);
      }
      time.tick(100);
      assertStrictEquals(await failureOf(() => handle(single())), invalid);
      assertStrictEquals(await failureOf(() => handle(single())), down);
      assertEquals(changes.map(({ to }) => to), ["open", "half-open", "open"]);
    }));

  it("tells of its changes in the log and to onStateChange, which may throw", () =>
    withFakeTime(async () => {
      const logger = remembering();
      const handle = circuitBreaker({
        minimum: 1,
        onStateChange: () => failing(new Error("trap"))(single()),
      })(
        switchable().handle,
      );
      assertStrictEquals(await failureOf(() => handle(single(undefined, { logger }))), down);
      assertEquals(logger.lines.map(({ message }) => message), [
        "circuit breaker changed",
        "'onStateChange' threw",
      ]);
      assertEquals(logger.lines[0].attributes, { handler: "bill", from: "closed", to: "open" });
    }));

  it("tells that calls may try before the one that tries", () =>
    withFakeTime(async (time) => {
      const notes: string[] = [];
      const handle = circuitBreaker({
        minimum: 1,
        cooldown: 100,
        onStateChange: ({ to }) => notes.push(to),
      })(() => {
        notes.push("call");
        throw down;
      });
      await failureOf(() => handle(single()));
      time.tick(100);
      await failureOf(() => handle(single()));
      assertEquals(notes, ["call", "open", "half-open", "call", "open"]);
    }));

  it("is one breaker for all handlers that it is used for", () =>
    withFakeTime(async () => {
      const breaker = circuitBreaker({ minimum: 1 });
      await failureOf(() => breaker(switchable().handle)(single()));
      const other = failing();
      assertInstanceOf(await failureOf(() => breaker(other)(single())), CircuitOpenError);
      assertEquals(other.calls.length, 0);
    }));

  it("refuses malformed options", () => {
    for (const failureRate of [0, 1.01]) {
      assertThrows(() => circuitBreaker({ failureRate }), RangeError, "above 0 and at most 1");
    }
    for (const window of [0, Infinity]) {
      assertThrows(() => circuitBreaker({ window }), RangeError, "above 0 ms and finite");
    }
    circuitBreaker({ failureRate: 1, window: 0.5, minimum: 1, cooldown: 0, halfOpen: 1 });
    assertThrows(() => circuitBreaker({ halfOpen: 0 }), RangeError, "'halfOpen'");
    assertThrows(() => circuitBreaker({ ignore: "x" as never }), TypeError, "'match'");
    assertThrows(
      () => circuitBreaker({ ignored: [] } as never),
      TypeError,
      "onStateChange, ignore",
    );
  });
});
