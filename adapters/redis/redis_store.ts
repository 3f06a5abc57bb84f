import type { Claim, ClaimResult, Store } from "@beat/beat/message";
import { check, DURATION } from "@beat/beat/transport";
import { Connection } from "./connection.ts";
import { planStore, type RedisStoreOptions } from "./options.ts";
import { CHANGE_CLAIM, CLAIM } from "./store_scripts.ts";

/** A store in Redis: what one process has done, all others know. */
export interface RedisStore extends Store {
  /** Ends its connection; what it remembers stays. */
  close(): Promise<void>;
}

/** Milliseconds that a key may live: a thousand years, as Redis can add no infinity. */
const LONGEST = 31_557_600_000_000;

const DONE = "done";

/**
 * Remembers in Redis what was done, for `deduplicate` and `once` of `@beat/beat/middleware`. Times are
 * those of the server, and expired keys go by themselves. A server that evicts keys, or fails over to a
 * replica that is behind, forgets: then a message may be handled again.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example A mail that is not sent twice, whoever gets its message
 * ```ts ignore
 * import { once } from "@beat/beat/middleware";
 * import { redisStore } from "@beat/redis";
 *
 * const store = redisStore({ url: "redis://127.0.0.1:6379" });
 * await once(store, "welcome:7", () => console.log("sent"));
 * await store.close();
 * ```
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const { client, timeout, prefix } = planStore(options);
  const connection = new Connection(client, timeout);
  // One slot of a cluster for all, as the tokens of all keys come from one counter.
  const tag = `{${prefix}@store}`;
  const keyOf = (key: string) => `${tag}:${key}`;
  /** Changes what is written for a claim that is still held. */
  const change = async (key: string, { token }: Claim, value: string, lasts: number) => {
    const args = [token, value, milliseconds(lasts)];
    return await connection.run(CHANGE_CLAIM, [keyOf(key)], ...args) === 1;
  };

  return {
    async claim(key, lease) {
      check("claim a key", "lease", lease, DURATION);
      const keys = [keyOf(key), tag];
      const reply = await connection.run(CLAIM, keys, milliseconds(lease), DONE);
      return resultOf(reply as [kind: number, value: number]);
    },
    async extend(key, claim, lease) {
      check("extend a claim", "lease", lease, DURATION);
      return await change(key, claim, String(claim.token), lease);
    },
    async done(key, claim, ttl) {
      check("end a claim", "ttl", ttl, DURATION);
      return await change(key, claim, DONE, ttl);
    },
    release: (key, claim) => change(key, claim, "", 0),
    close: () => connection.close(),
  };
}

function resultOf([kind, value]: [kind: number, value: number]): ClaimResult {
  if (kind === 2) return { kind: "done" };
  return kind === 1
    ? { kind: "in-flight", retryAfter: value }
    : { kind: "claimed", claim: { token: value } };
}

function milliseconds(duration: number): number {
  return Math.min(Math.ceil(duration), LONGEST);
}
