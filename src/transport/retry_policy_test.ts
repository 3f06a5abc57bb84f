import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import * as fc from "fast-check";
import { type BackoffPolicy, resolveRetry, type RetryPolicy } from "./retry_policy.ts";

/** The delays before repeats 1, 2, …, until there is none. */
function delaysOf(policy: RetryPolicy, random = () => 1, most = 10): number[] {
  const retry = resolveRetry("retry", policy, { random });
  const delays: number[] = [];
  for (let n = 1; n <= most; n++) {
    const delay = retry.next(n, undefined, 0);
    if (delay === undefined) break;
    delays.push(delay);
  }
  return delays;
}

describe("a retry policy", () => {
  it("repeats three times, after 100 ms × 2, unless it says otherwise", () => {
    assertEquals(delaysOf({}), [100, 200, 400]);
    assertEquals(resolveRetry("retry", {}).maxRetries, 3);
  });

  it("that is a number repeats so often", () => {
    assertEquals(delaysOf(0), []);
    assertEquals(delaysOf(2), [100, 200]);
  });

  it("grows to 5 s, or to what it is told", () => {
    assertEquals(delaysOf(8).slice(4), [1_600, 3_200, 5_000, 5_000]);
    assertEquals(delaysOf({ maxRetries: 4, maxDelay: 250 }), [100, 200, 250, 250]);
  });

  it("grows as its strategy says", () => {
    const policy = { maxRetries: 4, initialDelay: 10 };
    assertEquals(delaysOf({ ...policy, strategy: "fixed" }), [10, 10, 10, 10]);
    assertEquals(delaysOf({ ...policy, strategy: "linear" }), [10, 20, 30, 40]);
    assertEquals(delaysOf({ ...policy, strategy: "exponential" }), [10, 20, 40, 80]);
    assertEquals(delaysOf({ ...policy, multiplier: 1.5 }), [10, 15, 22.5, 33.75]);
  });

  it("draws each delay from 0 to its value, unless there is to be no jitter", () => {
    assertEquals(delaysOf(3, () => 0), [0, 0, 0]);
    assertEquals(delaysOf(3, () => 0.25), [25, 50, 100]);
    assertEquals(delaysOf({ jitter: "full" }, () => 0.5), [50, 100, 200]);
    assertEquals(delaysOf({ jitter: "none" }, () => 0.5), [100, 200, 400]);
  });

  it("has no delay where the first is none, however often it is doubled", () => {
    const { next } = resolveRetry("retry", { initialDelay: 0, maxRetries: 2_000 });
    assertEquals(next(2_000, undefined, 0), 0);
  });

  it("begins no repeat beyond the time that it has", () => {
    const { next } = resolveRetry("retry", { jitter: "none", maxElapsed: 1_000 });
    assertEquals(next(1, undefined, 900), 100);
    assertEquals(next(1, undefined, 901), undefined);
  });

  it("asks whether a failure is worth a repeat, and takes a question that throws for yes", () => {
    const policy: BackoffPolicy = { jitter: "none", shouldRetry: (error) => error !== "final" };
    const { next } = resolveRetry("retry", policy);
    assertEquals([next(1, "final", 0), next(1, "passing", 0)], [undefined, 100]);
    const { error } = console;
    console.error = () => {};
    try {
      const broken = resolveRetry("retry", {
        jitter: "none",
        shouldRetry: () => {
          throw new Error("no idea");
        },
      });
      assertEquals(broken.next(1, "final", 0), 100);
    } finally {
      console.error = error;
    }
  });

  it("that is a list has just these delays, also when the list is changed later", () => {
    const delays = [7, 0, 9];
    const { next, maxRetries } = resolveRetry("retry", { delays });
    delays.length = 0;
    assertEquals([1, 2, 3, 4].map((n) => next(n, undefined, 0)), [7, 0, 9, undefined]);
    assertEquals(maxRetries, 3);
  });

  it("that is a list draws each time by how much a delay gets longer", () => {
    const draws = [0, 0.5, 1, 0.25];
    const random = () => draws.shift()!;
    const { next } = resolveRetry("retry", { delays: [100, 200], jitter: 0.1 }, { random });
    assertEquals([1, 1, 2, 2].map((n) => Math.round(next(n, undefined, 0)!)), [100, 105, 220, 205]);
  });

  it("that has a list which is undefined has none", () => {
    assertEquals(delaysOf({ delays: undefined } as never), [100, 200, 400]);
  });

  it("never waits less than nothing, nor longer than it may", () => {
    fc.assert(fc.property(
      fc.record({
        maxRetries: fc.integer({ min: 1, max: 2_000 }),
        strategy: fc.constantFrom("fixed" as const, "linear" as const, "exponential" as const),
        multiplier: fc.double({ min: 1, max: 100, noNaN: true }),
        initialDelay: fc.integer({ min: 0, max: 100_000 }),
        maxDelay: fc.integer({ min: 0, max: 100_000 }),
      }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (policy, n, random) => {
        const delay = resolveRetry("retry", policy, { random: () => random }).next(n, undefined, 0);
        if (n > policy.maxRetries) return delay === undefined;
        return delay! >= 0 && delay! <= policy.maxDelay;
      },
    ));
  });

  it("is refused when it is malformed, naming the field, its value and the rule", () => {
    const refusals: [unknown, string][] = [
      [-1, "'maxRetries' must be an integer of at least 0: current value is -1"],
      [1.5, "'maxRetries' must be"],
      ["often", "'retry' must be a number of repeats or a policy: current value is 'often'"],
      [null, "'retry' must be"],
      [{ strategy: "quadratic" }, "'strategy' must be"],
      [{ multiplier: 0.5 }, "'multiplier' must be at least 1: current value is 0.5"],
      [{ initialDelay: -1 }, "'initialDelay' must be"],
      [{ maxDelay: NaN }, "'maxDelay' must be"],
      [{ jitter: "some" }, "'jitter' must be"],
      [{ shouldRetry: true }, "'shouldRetry' must be"],
      [{ delays: [1, Infinity] }, "'delays' must be an array of finite milliseconds"],
      [{ delays: [1], maxRetries: 3 }, "'maxRetries' must come without 'delays'"],
      [{ delays: [1], jitter: 1.5 }, "'jitter' must be from 0 to 1: current value is 1.5"],
      [{ delays: [1], jitter: "full" }, "'jitter' must be from 0 to 1: current value is 'full'"],
      [{ delay: [1] }, "'delay' is unknown: known are strategy"],
      [{ delay: [1] }, "maxElapsed, delays"],
    ];
    for (const [policy, text] of refusals) {
      const error = assertThrows(() => resolveRetry("retry", policy as RetryPolicy), Error, text);
      assertEquals(error instanceof TypeError || error instanceof RangeError, true, text);
    }
  });
});
