import type { Claim, Store } from "../message/store.ts";
import type { Rule, Rules } from "../options/options.ts";
import { after } from "../transport/timer.ts";
import { ClaimLostError } from "./errors.ts";

/** How long a claim is held, and what is done is remembered. */
export interface LeaseOptions {
  /**
   * Milliseconds that a claim is held without being prolonged, which happens every half of it while
   * the work goes on: so long a key is blocked after a crash. @default {30_000}
   */
  lease?: number;
  /** Milliseconds that what is done is remembered. @default {86_400_000 (a day)} */
  ttl?: number;
}

/** The defaults of {@linkcode LeaseOptions}. */
export const LEASE_DEFAULTS = { lease: 30_000, ttl: 86_400_000 };

/** The rules of {@linkcode LeaseOptions}. */
export const LEASE_RULES: Rules = {
  lease: ["at least 1 ms and finite", "number", (ms: number) => ms >= 1 && ms < Infinity],
  ttl: ["above 0 ms", "number", (ms: number) => ms > 0],
};

/** The rule of a {@linkcode Store}. */
export const STORE: Rule = ["a Store", "object", isStore];

/** A key that we have claimed. */
export interface Held {
  readonly key: string;
  readonly claim: Claim;
}

/** Prolongs claims until each is dropped by the function given back; what goes wrong is heard. */
export function keepAlive(
  store: Store,
  held: Iterable<Held>,
  lease: number,
  onError: (error: unknown) => void,
): (one: Held) => void {
  const kept = new Set(held);
  const drop = (one: Held) => {
    if (kept.delete(one) && kept.size === 0) cancel();
  };
  const extend = async (one: Held): Promise<void> => {
    try {
      // What was dropped meanwhile was given free or marked by ourselves.
      if (await store.extend(one.key, one.claim, lease) || !kept.has(one)) return;
      drop(one);
      onError(new ClaimLostError(one.key));
    } catch (error) {
      onError(error);
    }
  };
  let cancel: () => void = () => {};
  const wait = () => {
    cancel = after(lease / 2, () => {
      wait();
      kept.forEach(extend);
    });
  };
  if (kept.size > 0) wait();
  return drop;
}

/** Marks what was done and tells whether it is marked: a failure undoes nothing, so it is only heard. */
export async function markDone(
  store: Store,
  { key, claim }: Held,
  ttl: number,
  onError: (error: unknown) => void,
): Promise<boolean> {
  try {
    if (await store.done(key, claim, ttl)) return true;
    onError(new ClaimLostError(key));
  } catch (error) {
    onError(error);
  }
  return false;
}

/** Gives a key free; if that fails, it is free when its lease is over. */
export async function giveFree(
  store: Store,
  { key, claim }: Held,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await store.release(key, claim);
  } catch (error) {
    onError(error);
  }
}

function isStore(value: unknown): boolean {
  const store = value as Partial<Store> | null;
  const methods = [store?.claim, store?.extend, store?.done, store?.release];
  return methods.every((method) => typeof method === "function");
}
