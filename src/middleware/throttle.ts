import type { Middleware, Work } from "../message/handler.ts";
import { check, checkOptions, integer, type Rules } from "../options/options.ts";
import { TokenBucket } from "./_token_bucket.ts";

/** What {@linkcode throttle} takes. */
export interface ThrottleOptions {
  /** Calls within an interval, evenly spread; a batch is one call. */
  limit: number;
  /** Milliseconds of an interval. @default {1_000} */
  interval?: number;
  /** Calls that may come at once after a quiet while; they are beyond the limit of that interval. @default {1} */
  burst?: number;
}

const RULES: Rules = {
  limit: ["above 0 and finite", "number", isPositive],
  interval: ["above 0 ms and finite", "number", isPositive],
  burst: integer(1),
};

/**
 * Calls handlers no more often than a rate, by a token bucket. Who has to wait does so in the order of
 * arrival, holds its message meanwhile, and leaves the queue at once when `message.signal` aborts,
 * with its reason. One that is used for several handlers is one limit for all of them.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example Ten calls a second
 * ```ts
 * import { throttle } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * let calls = 0;
 * const handle = throttle({ limit: 10 })(() => void calls++);
 * const work = { messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent };
 * const done = [handle(work), handle(work)];
 * assertEquals(calls, 1);
 * await Promise.all(done);
 * assertEquals(calls, 2);
 * ```
 */
export function throttle(options: ThrottleOptions): Middleware {
  checkOptions("create a throttle", options, RULES);
  check("create a throttle", "limit", options.limit, RULES.limit!);
  const { limit, interval = 1_000, burst = 1 } = options;
  const bucket = new TokenBucket(interval / limit, burst);
  return (next) => (work) =>
    bucket.tryTake() ? next(work) : turnOf(bucket, work).then(() => next(work));
}

/** Resolves when it is the work's turn, rejects when it is to stop. */
function turnOf(bucket: TokenBucket, { messages }: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    const signals = messages.map((message) => message.signal);
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) return reject(aborted.reason);
    const unlisten = () => {
      for (const signal of signals) signal.removeEventListener("abort", stop);
    };
    const leave = bucket.wait(() => {
      unlisten();
      resolve();
    });
    const stop = (event: Event) => {
      unlisten();
      leave();
      reject((event.target as AbortSignal).reason);
    };
    for (const signal of signals) signal.addEventListener("abort", stop);
  });
}

function isPositive(value: number): boolean {
  return value > 0 && value < Infinity;
}
