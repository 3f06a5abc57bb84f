import type { Handle, Middleware, Produced, Work } from "../message/handler.ts";
import { FUNCTION } from "../options/options.ts";
import { type BackoffPolicy, type DelayList, resolveRetry } from "../transport/retry_policy.ts";
import { isAborted, pause } from "./_pause.ts";
import { rescue } from "./_outcome.ts";
import { describe, narrow, notify, unsettledOf } from "./_work.ts";

/** A repeat that is about to be waited for. */
export interface RetryEvent {
  /** Which repeat it will be; 1 is the first. */
  readonly retry: number;
  /** Milliseconds until then. */
  readonly delay: number;
  /** What the handler threw. */
  readonly error: unknown;
  /** What will be tried again. */
  readonly work: Work;
}

/** What {@linkcode retry} takes beside a policy. */
export interface RetryHooks {
  /** Hears of each repeat before its delay is waited for. */
  onRetry?: (event: RetryEvent) => void;
}

/** A policy, and who hears of it. */
export type RetryOptions = (BackoffPolicy | DelayList) & RetryHooks;

const ACTION = "create a retry middleware";

/**
 * Calls the handler again when it fails, within one attempt: whoever counts attempts sees one. Only
 * what is unsettled is tried again. When no repeat is left, the error is the handler's own.
 *
 * The wait ends at once when `message.signal` aborts, with the handler's error. For failures that
 * survive a crash, or that take longer than a lease, use the retries of the subscription instead.
 *
 * @throws {TypeError | RangeError} If the policy or an option is malformed.
 *
 * @example A handler that needs a second try
 * ```ts
 * import { retry } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * let calls = 0;
 * const handle = retry({ maxRetries: 2, initialDelay: 1 })(() => {
 *   if (++calls === 1) throw new Error("busy");
 * });
 * await handle({ messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent });
 * assertEquals(calls, 2);
 * ```
 */
export function retry(options: RetryOptions | number = {}): Middleware {
  const plan = resolveRetry(ACTION, options, { hooks: { onRetry: FUNCTION } });
  const { onRetry } = typeof options === "number" ? {} as RetryHooks : options;

  const repeat = async (next: Handle, work: Work, error: unknown): Promise<Produced> => {
    const failedAt = performance.now();
    for (let retry = 1;; retry++) {
      work = narrow(work, unsettledOf(work));
      if (work.messages.length === 0 || isAborted(work.messages)) throw error;
      const delay = plan.next(retry, error, performance.now() - failedAt);
      if (delay === undefined) throw error;
      report({ retry, delay, error, work }, onRetry);
      if (!(await pause(delay, work.messages))) throw error;
      try {
        return await next(work);
      } catch (newer) {
        error = newer;
      }
    }
  };
  return (next) => (work) => rescue(next, work, (error, work) => repeat(next, work, error));
}

function report(event: RetryEvent, onRetry: RetryHooks["onRetry"]): void {
  const { work, retry, delay, error } = event;
  const { logger } = work;
  const facts = { ...describe(work), retry, delay, error };
  logger.warn("handler failed and will be called again", facts);
  if (onRetry !== undefined) notify(logger, "onRetry", () => onRetry(event));
}
