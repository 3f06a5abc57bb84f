import type { Claim, ClaimResult, Logger, Store } from "@beat/beat/message";
import { Refusal, unavailable } from "./answer.ts";
import { formatRetryAfter } from "./retry_after.ts";

/** How webhooks are kept from being handled twice. */
export interface ReplayRules {
  readonly store: Store;
  /** Milliseconds that the store has for an answer: one that hangs must not keep requests for ever. */
  readonly timeout: number;
  /** Milliseconds that one may be in flight until it counts as given up. */
  readonly lease: number;
  /** Milliseconds that one is remembered as done. */
  readonly ttl: number;
  /** It throws nothing. */
  readonly logger: Logger;
}

/** A webhook that is in flight: nobody else may handle it until it is done or given up. */
export interface Guarded {
  /** It will not be handled again. */
  done(): Promise<void>;
  /** It may be handled again. */
  release(): Promise<void>;
}

/**
 * Marks a webhook as in flight, unless it is done already.
 *
 * @throws {Refusal} 409 if it is in flight, 503 if the store does not answer.
 */
export async function guard(key: string, rules: ReplayRules): Promise<Guarded | "done"> {
  const { store, timeout, lease, ttl, logger } = rules;
  const tell = async (what: string, call: () => Promise<unknown>): Promise<void> => {
    try {
      await within(timeout, call());
    } catch (error) {
      logger.warn("The replay store did not take what became of a webhook", { what, error });
    }
  };
  let claimed: ClaimResult;
  let claiming: Promise<ClaimResult> | undefined;
  try {
    claiming = store.claim(key, lease);
    claimed = await within(timeout, claiming);
  } catch (error) {
    // What is claimed when nobody waits any more would be in flight for a whole lease.
    claiming?.then((late) => {
      if (late.kind === "claimed") return tell("released", () => store.release(key, late.claim));
    }).catch(() => {});
    logger.error("The replay store did not answer", { error });
    throw unavailable("Replay store is not available");
  }
  if (claimed.kind === "done") return "done";
  if (claimed.kind === "in-flight") {
    const { retryAfter } = claimed;
    // A store may say of a claim that it has just ended; one whose clock is off, that it lasts for hours.
    const wait = retryAfter > 0 ? Math.min(retryAfter, lease) : 0;
    throw new Refusal(409, "Webhook is being handled", { "retry-after": formatRetryAfter(wait) });
  }
  const { claim }: { claim: Claim } = claimed;
  return {
    done: () => tell("done", () => store.done(key, claim, ttl)),
    release: () => tell("released", () => store.release(key, claim)),
  };
}

/** Settles as a promise does, or rejects when that takes too long. */
async function within<Value>(timeout: number, promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const settle = () => void (isSettled = true);
  promise.then(settle, settle);
  // What is there at once, as in memory, needs no timer.
  await undefined;
  if (isSettled) return await promise;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new DOMException(`There was no answer within ${timeout} ms`, "TimeoutError"));
  }, timeout);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
