import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { resolveRetry, type RetryPolicy } from "./retry_policy.ts";
import { judge } from "./verdict.ts";

/** An error that asks to be left alone for so many milliseconds. */
const asking = (retryAfter: number) => Object.assign(new Error("busy"), { retryAfter });

/** The first delay of a policy whose jitter always draws a half. */
const first = (policy: RetryPolicy, error: unknown) =>
  resolveRetry("test", policy, { random: () => 0.5 }).next(1, error, 0);

describe("a retry policy", () => {
  it("waits as long as an error asks for, and then its own delay", () => {
    assertEquals(first({ initialDelay: 100 }, asking(2_000)), 2_050);
    assertEquals(first({ initialDelay: 100, jitter: "none" }, asking(2_000)), 2_100);
    assertEquals(first({ delays: [30] }, asking(2_000)), 2_030);
    assertEquals(first(3, new Error("outer", { cause: asking(2_000) })), 2_050);
  });

  it("keeps its own delay where that is as long as what an error asks for", () => {
    assertEquals(first({ initialDelay: 100, jitter: "none" }, asking(100)), 100);
    assertEquals(first({ delays: [30] }, asking(20)), 30);
  });

  it("heeds what an error asks for up to 60 s, or to 'maxRetryAfter'", () => {
    const delays = [0];
    assertEquals(first({ delays }, asking(60_000)), 60_000);
    assertEquals(first({ delays }, asking(3_600_000)), 60_000);
    assertEquals(first({ delays, maxRetryAfter: 90_000 }, asking(3_600_000)), 90_000);
    assertEquals(first({ delays, maxRetryAfter: 0 }, asking(3_600_000)), 0);
    assertEquals(first({ initialDelay: 0, maxRetryAfter: 7 }, asking(3_600_000)), 7);
  });

  it("gives up where what an error asks for is beyond 'maxElapsed'", () => {
    assertEquals(first({ maxElapsed: 1_000 }, asking(2_000)), undefined);
    assertEquals(first({ maxElapsed: 3_000 }, asking(2_000)), 2_050);
  });

  it("asks 'shouldRetry' also where the delays are listed", () => {
    const shouldRetry = (error: unknown) => error !== "gone";
    assertEquals(first({ delays: [30], shouldRetry }, "busy"), 30);
    assertEquals(first({ delays: [30], shouldRetry }, "gone"), undefined);
    assertEquals(resolveRetry("test", { delays: [30], shouldRetry }).next(2, "busy", 0), undefined);
  });

  it("does not follow a policy that is changed afterwards", () => {
    const policy = { delays: [30], shouldRetry: () => true, maxRetryAfter: 0 };
    const retry = resolveRetry("test", policy);
    Object.assign(policy, { shouldRetry: () => false, maxRetryAfter: 90 });
    assertEquals(retry.next(1, asking(60), 0), 30);
  });

  it("refuses malformed conditions", () => {
    const text = "'maxRetryAfter' must be at least 0 ms";
    assertThrows(() => first({ delays: [], maxRetryAfter: -1 }, 0), RangeError, text);
    assertThrows(() => first({ maxRetryAfter: NaN }, 0), RangeError, text);
    assertThrows(() => first({ delays: [], shouldRetry: 1 } as never, 0), TypeError, "a function");
  });
});

describe("judge()", () => {
  const delayOf = (error: unknown, delay?: number, policy: RetryPolicy = 0) => {
    const verdict = judge(
      { attempt: 1, error, elapsed: 0, delay },
      resolveRetry("test", policy),
      "redeliver",
    );
    return verdict.kind === "redeliver" ? verdict.delay : undefined;
  };

  it("redelivers not before what an error asks for, up to 'maxRetryAfter'", () => {
    for (const policy of [{ delays: [] }, { maxRetries: 0 }]) {
      const heeding = (maxRetryAfter: number) =>
        delayOf(asking(3_600_000), undefined, { ...policy, maxRetryAfter });
      assertEquals([heeding(7_200_000), heeding(90_000), heeding(0)], [3_600_000, 90_000, 1_000]);
    }
  });

  it("redelivers not before what an error asks for, up to a minute unless told otherwise", () => {
    assertEquals(delayOf(new Error("down")), 1_000);
    assertEquals(delayOf(asking(500)), 1_000);
    assertEquals(delayOf(asking(20_000)), 20_000);
    assertEquals(delayOf(asking(3_600_000)), 60_000);
    // What a nack says goes before everything.
    assertEquals(delayOf(asking(20_000), 5), 5);
  });
});
