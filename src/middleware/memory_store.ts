import { Fifo } from "../core/fifo.ts";
import { silent } from "../message/logger.ts";
import type { Claim, ClaimResult, Store } from "../message/store.ts";
import {
  check,
  checkOptions,
  DURATION,
  FUNCTION,
  integer,
  type Rules,
} from "../options/options.ts";
import { notify } from "./_work.ts";

/** What {@linkcode memoryStore} takes. */
export interface MemoryStoreOptions {
  /** Keys that are kept at most, claimed and done ones together. @default {65_536} */
  capacity?: number;
  /**
   * Hears of a key that was done and is forgotten before its time, because there was no room; what it
   * throws is ignored.
   */
  onEvict?: (key: string) => void;
}

/** A store in the memory of one process. */
export interface MemoryStore extends Store {
  /** Keys that are kept at the moment; an expired one counts until a claim makes it go. */
  readonly size: number;
}

interface Entry {
  readonly token: number;
  /** When it ends by `performance.now()`, which no one sets back. */
  until: number;
}

const RULES: Rules = { capacity: integer(1), onEvict: FUNCTION };

/**
 * Remembers in the memory of this process what was done, for {@linkcode deduplicate} and
 * {@linkcode once}: across processes or restarts it remembers nothing.
 *
 * When it is full, expired keys go first, then the one that was done longest ago; a claim that is held
 * never goes, and if there are only such, `claim` rejects with a `RangeError`.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A claim, and who comes second
 * ```ts
 * import { memoryStore } from "@beat/beat/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const store = memoryStore();
 * const first = await store.claim("order-7", 30_000);
 * assertEquals((await store.claim("order-7", 30_000)).kind, "in-flight");
 * if (first.kind === "claimed") await store.done("order-7", first.claim, 60_000);
 * assertEquals((await store.claim("order-7", 30_000)).kind, "done");
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  checkOptions("create a store in memory", options, RULES);
  const { capacity = 65_536, onEvict } = options;
  const claimed = new Map<string, Entry>();
  const done = new Map<string, Entry>();
  /**
   * Keys in the order in which they were done; some are forgotten already. A Map knows that order too,
   * but looking for its first entry passes over all that were deleted before it.
   */
  let order = new Fifo<{ key: string; entry: Entry }>();
  let lastToken = 0;
  /** No key expires before: looking for those that have would find none. */
  let soonest = Infinity;

  const find = (entries: Map<string, Entry>, key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.until > performance.now()) return entry;
    entries.delete(key);
    return undefined;
  };
  const ours = (key: string, { token }: Claim): Entry | undefined => {
    const entry = find(claimed, key);
    return entry?.token === token ? entry : undefined;
  };
  /** What was done first of all that is remembered. */
  const oldest = () => {
    for (let first = order.peek(); first !== undefined; first = order.peek()) {
      if (done.get(first.key) === first.entry) return first;
      order.shift();
    }
    return undefined;
  };
  const remember = (key: string, entry: Entry): void => {
    done.set(key, entry);
    soonest = Math.min(soonest, entry.until);
    order.push({ key, entry });
    if (order.size <= 2 * capacity) return;
    // Keys that were forgotten and done again behind one that lives long.
    const left = order;
    order = new Fifo();
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      if (done.get(one.key) === one.entry) order.push(one);
    }
  };
  /** What was done first mostly expires first, so that looking at the front is enough. */
  const forgetExpired = (): void => {
    const now = performance.now();
    for (let first = oldest(); first !== undefined && first.entry.until <= now; first = oldest()) {
      done.delete(first.key);
    }
  };
  /** Looks at all keys, which is for a store that is full. */
  const sweep = (now: number): void => {
    if (now < soonest) return;
    soonest = Infinity;
    for (const entries of [claimed, done]) {
      for (const [key, { until }] of entries) {
        if (until <= now) entries.delete(key);
        else soonest = Math.min(soonest, until);
      }
    }
  };
  const isFull = () => claimed.size + done.size >= capacity;
  const makeRoom = (): void => {
    if (isFull()) sweep(performance.now());
    if (!isFull()) return;
    const first = oldest();
    if (first === undefined) {
      throw new RangeError(`Cannot claim a key as the store is full: capacity is ${capacity} keys`);
    }
    done.delete(first.key);
    notify(silent, "onEvict", () => onEvict?.(first.key));
  };
  const claim = (key: string, lease: number): ClaimResult => {
    check("claim a key", "lease", lease, DURATION);
    forgetExpired();
    if (find(done, key) !== undefined) return { kind: "done" };
    const held = find(claimed, key);
    if (held !== undefined) {
      return { kind: "in-flight", retryAfter: held.until - performance.now() };
    }
    makeRoom();
    const entry = { token: ++lastToken, until: performance.now() + lease };
    claimed.set(key, entry);
    soonest = Math.min(soonest, entry.until);
    return { kind: "claimed", claim: { token: entry.token } };
  };

  return {
    get size() {
      return claimed.size + done.size;
    },
    // deno-lint-ignore require-await -- so that it rejects and does not throw
    claim: async (key, lease) => claim(key, lease),
    // deno-lint-ignore require-await
    async extend(key, claim, lease) {
      check("extend a claim", "lease", lease, DURATION);
      const entry = ours(key, claim);
      if (entry === undefined) return false;
      entry.until = performance.now() + lease;
      soonest = Math.min(soonest, entry.until);
      return true;
    },
    // deno-lint-ignore require-await
    async done(key, claim, ttl) {
      check("end a claim", "ttl", ttl, DURATION);
      const entry = ours(key, claim);
      if (entry === undefined) return false;
      claimed.delete(key);
      remember(key, { token: entry.token, until: performance.now() + ttl });
      return true;
    },
    // deno-lint-ignore require-await
    async release(key, claim) {
      return ours(key, claim) !== undefined && claimed.delete(key);
    },
  };
}
