import type { Middleware } from "../message/handler.ts";
import { checkOptions } from "../options/options.ts";
import { retryAfterOf } from "../transport/retry_after.ts";
import { DELAY_RULES, resolveRetry } from "../transport/retry_policy.ts";
import { rescue } from "./_outcome.ts";
import { unsettledOf } from "./_work.ts";

/** What {@linkcode delayOnError} takes. */
export interface DelayOnErrorOptions {
  /** How the delay grows. @default {"exponential"} */
  strategy?: "fixed" | "linear" | "exponential";
  /** What an exponential delay grows by. @default {2} */
  multiplier?: number;
  /** Milliseconds after the first failure. @default {1_000} */
  initialDelay?: number;
  /** Milliseconds that a delay grows to. @default {60_000} */
  maxDelay?: number;
  /** `"full"` draws the delay from 0 to its value, so that many do not come back at once. @default {"full"} */
  jitter?: "full" | "none";
}

const ACTION = "create a delaying middleware";

/**
 * When a handler fails, nacks what it left unsettled with a delay that grows with `message.attempt`,
 * then passes the error on. The delay replaces the back-off of the subscription; whether there is
 * another attempt is still the subscription's decision. An error with a `retryAfter` in milliseconds,
 * such as {@linkcode CircuitOpenError}, delays at least that long.
 *
 * Where a broker does not keep attempts, the delay begins anew after a restart.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example The first failure
 * ```ts
 * import { delayOnError } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const message = new Message();
 * const handle = delayOnError({ initialDelay: 500, jitter: "none" })(() => {
 *   throw new Error("busy");
 * });
 * const work = { messages: [message], batch: false, handler: "bill", topic: "orders", logger: silent };
 * assertThrows(() => handle(work), Error, "busy");
 * const { delay } = await message.settled() as { delay?: number };
 * assertEquals(delay, 500);
 * ```
 */
export function delayOnError(options: DelayOnErrorOptions = {}): Middleware {
  checkOptions(ACTION, options, DELAY_RULES);
  const { initialDelay = 1_000, maxDelay = 60_000 } = options;
  const maxRetries = Number.MAX_SAFE_INTEGER;
  // What is asked for is heeded below, however long it is.
  const terms = { maxRetries, maxRetryAfter: 0 };
  const plan = resolveRetry(ACTION, { ...options, initialDelay, maxDelay, ...terms });
  return (next) => (work) =>
    rescue(next, work, (reason, work) => {
      for (const message of unsettledOf(work)) {
        const delay = plan.next(message.attempt, reason, 0) ?? 0;
        const asked = retryAfterOf(reason);
        // For ever is no delay.
        message.nack({ delay: asked === Infinity ? delay : Math.max(delay, asked), reason });
      }
      throw reason;
    });
}
