import type { Store } from "../message/store.ts";
import { check, checkOptions, FUNCTION, type Rules } from "../options/options.ts";
import {
  giveFree,
  keepAlive,
  LEASE_DEFAULTS,
  LEASE_RULES,
  type LeaseOptions,
  markDone,
  STORE,
} from "./_lease.ts";
import { notify } from "./_work.ts";
import { silent } from "../message/logger.ts";

/** What {@linkcode once} takes beside a store, a key and a function. */
export interface OnceOptions extends LeaseOptions {
  /** Hears of a store that did not answer, or answered that the claim is lost, after the function was called. */
  onStoreError?: (error: unknown) => void;
}

/**
 * What became of a call of {@linkcode once}: the function ran, and `marked` tells whether the store
 * knows; it was done before; or it is being done, for so many milliseconds at most as far as known.
 */
export type OnceResult<T> =
  | { readonly kind: "ran"; readonly value: T; readonly marked: boolean }
  | { readonly kind: "done" }
  | { readonly kind: "in-flight"; readonly retryAfter: number };

const RULES: Rules = { ...LEASE_RULES, onStoreError: FUNCTION };

/**
 * Calls `fn` unless the store says that it was done for this key, or is being done.
 *
 * **At least once, not exactly once.** The mark is written after `fn` has ended: a crash in between,
 * or a lease that ends before `fn` does, lets it be called again. For exactly one effect the mark must
 * be part of the effect's own transaction.
 *
 * When `fn` fails the key is given free and the error passes. A store that fails before the call
 * rejects; after it the effect is there, so that `marked` is false and `onStoreError` hears why.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A mail that is not sent twice
 * ```ts
 * import { memoryStore, once } from "@beat/beat/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const store = memoryStore();
 * const mails: string[] = [];
 * const send = () => once(store, "welcome:7", () => mails.push("welcome"));
 * assertEquals(await send(), { kind: "ran", value: 1, marked: true });
 * assertEquals(await send(), { kind: "done" });
 * assertEquals(mails.length, 1);
 * ```
 */
export async function once<T>(
  store: Store,
  key: string,
  fn: () => T | Promise<T>,
  options: OnceOptions = {},
): Promise<OnceResult<T>> {
  checkOptions("do something once", options, RULES);
  check("do something once", "store", store, STORE);
  const { lease = LEASE_DEFAULTS.lease, ttl = LEASE_DEFAULTS.ttl, onStoreError } = options;
  const hear = (error: unknown) => notify(silent, "onStoreError", () => onStoreError?.(error));
  const result = await store.claim(key, lease);
  if (result.kind !== "claimed") return result;
  const held = { key, claim: result.claim };
  const drop = keepAlive(store, [held], lease, hear);
  let value: T;
  try {
    value = await fn();
  } catch (error) {
    drop(held);
    await giveFree(store, held, hear);
    throw error;
  }
  drop(held);
  return { kind: "ran", value, marked: await markDone(store, held, ttl, hear) };
}
