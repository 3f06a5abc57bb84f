import { PublishError } from "@beat/beat/message";
import type { DelayList } from "@beat/beat/transport";
import { EndpointGoneError } from "./errors.ts";
import { LONGEST_WAIT } from "./retry_after.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The schedule that Standard Webhooks suggests: after the first attempt nine more, the last after 75 h 35 min. */
const DELAYS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/**
 * The long schedule of Standard Webhooks as a retry policy: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and
 * 24 h, each up to a tenth longer, which is drawn each time. It belongs to a Router handler behind a
 * durable transport that posts by `webhookPublisher`: days pass until it ends.
 *
 * What an endpoint says goes before it: no attempt comes before a `Retry-After`, which is heeded up to a
 * day, and an endpoint that is gone (410) gets no further one.
 *
 * @example Nine repeats
 * ```ts
 * import { EndpointGoneError, standardWebhooks } from "@beat/http";
 * import { assertEquals } from "@std/assert";
 *
 * const { delays, shouldRetry } = standardWebhooks();
 * assertEquals(delays.length, 9);
 * assertEquals(shouldRetry?.(new EndpointGoneError("https://partner.example.com")), false);
 * ```
 */
export function standardWebhooks(): DelayList {
  return {
    delays: DELAYS,
    jitter: 0.1,
    shouldRetry: (error) => !isGone(error),
    maxRetryAfter: LONGEST_WAIT,
  };
}

/** One publishing goes to one endpoint: if it is gone for one message, it is for all. */
function isGone(error: unknown): boolean {
  if (error instanceof PublishError) return error.failed.some(({ cause }) => isGone(cause));
  return error instanceof EndpointGoneError;
}
