import { PublishError } from "../message/errors.ts";

/** Causes of causes that are looked at: a chain may be a circle. */
const DEPTH = 8;

/**
 * The milliseconds for which an error asks to be left alone: the longest `retryAfter` of it, of what
 * caused it, and of what a {@linkcode PublishError} names as failed; 0 if none says any.
 */
export function retryAfterOf(error: unknown): number {
  try {
    return longestOf(error, DEPTH);
  } catch {
    // What cannot be looked at, such as a proxy that was revoked, asks for nothing.
    return 0;
  }
}

function longestOf(error: unknown, depth: number): number {
  if (depth === 0 || typeof error !== "object" || error === null) return 0;
  const { retryAfter, cause } = error as { retryAfter?: unknown; cause?: unknown };
  let longest = typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : 0;
  const causes = error instanceof PublishError ? error.failed.map(({ cause }) => cause) : [cause];
  for (const one of causes) longest = Math.max(longest, longestOf(one, depth - 1));
  return longest;
}
