import { retryAfterOf } from "./retry_after.ts";
import type { Retry } from "./retry_policy.ts";

/** What happens to a message whose attempts are used up. */
export type OnExhausted = "dead-letter" | "redeliver" | "discard";

/** A failed attempt. */
export interface Failure {
  /** What the handler threw, or the reason of its nack. */
  readonly error: unknown;
  /** Number of the attempt, 1 first. */
  readonly attempt: number;
  /** Milliseconds since the first failure. */
  readonly elapsed: number;
  /** An explicit delay of `nack`, in milliseconds. */
  readonly delay?: number | undefined;
}

/** What to do about it. */
export type Verdict =
  | { readonly kind: "retry"; readonly delay: number }
  | { readonly kind: "redeliver"; readonly delay: number }
  | { readonly kind: "dead-letter" }
  | { readonly kind: "discard" };

const FIRST_REDELIVERY = 1_000;
const LAST_REDELIVERY = 60_000;

/** Decides on a failed attempt: the one budget of attempts, however many of them the broker counted. */
export function judge(failure: Failure, retry: Retry, onExhausted: OnExhausted): Verdict {
  const { attempt, error, elapsed, delay } = failure;
  const backoff = retry.next(attempt, error, elapsed);
  if (backoff !== undefined) return { kind: "retry", delay: delay ?? backoff };
  if (onExhausted !== "redeliver") return { kind: onExhausted };
  const asked = Math.min(retryAfterOf(error), retry.maxRetryAfter);
  const redelivery = Math.max(redeliveryDelay(attempt - retry.maxRetries), asked);
  return { kind: "redeliver", delay: delay ?? redelivery };
}

/** Milliseconds before redelivery `n` (1 is the first) of a message whose attempts are used up. */
function redeliveryDelay(n: number): number {
  return Math.min(FIRST_REDELIVERY * 2 ** Math.max(n - 1, 0), LAST_REDELIVERY);
}
