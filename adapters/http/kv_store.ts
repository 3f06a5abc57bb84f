import type { Claim, ClaimResult, Store } from "@beat/beat/message";
import { toBase64 } from "./base64.ts";
import { check, checkOptions, DURATION, type Rules } from "@beat/beat/transport";

/** What is stored under a key of a {@linkcode KvDatabase}; its version is `null` where nothing is. */
export interface KvEntry {
  /** The value; `null` where nothing is stored. */
  readonly value: unknown;
  /** The version of the value, in hexadecimal: what was written later has a higher one. */
  readonly versionstamp: string | null;
}

/** A version that a key must have for a {@linkcode KvTransaction} to be written. */
export interface KvCheck {
  /** The key. */
  key: readonly string[];
  /** The version, `null` if nothing may be stored there. */
  versionstamp: string | null;
}

/** What became of a {@linkcode KvTransaction}: a check that does not hold leaves all as it was. */
export type KvCommit = { readonly ok: true; readonly versionstamp: string } | {
  readonly ok: false;
};

/** Writes that are done together, or not at all: the part of `Deno.AtomicOperation` that is used. */
export interface KvTransaction {
  /** Asks for versions. */
  check(...checks: KvCheck[]): KvTransaction;
  /** Writes a value, which may go after `expireIn` milliseconds. */
  set(key: readonly string[], value: unknown, options?: { expireIn?: number }): KvTransaction;
  /** Removes a value. */
  delete(key: readonly string[]): KvTransaction;
  /** Does it. */
  commit(): Promise<KvCommit>;
}

/** The part of `Deno.Kv` that is used. */
export interface KvDatabase {
  /** The newest value of a key. */
  get(key: readonly string[]): Promise<KvEntry>;
  /** Begins a transaction. */
  atomic(): KvTransaction;
}

/** What {@linkcode kvStore} takes. */
export interface KvStoreOptions {
  /** The database, which `Deno.openKv()` opens; closing it is the caller's business. */
  kv: KvDatabase;
  /** What keys begin with. @default {"beat"} */
  prefix?: string;
}

/** What is stored for a key. */
interface Mark {
  readonly kind: "claimed" | "done";
  /** When it ends, by the clock of the process that wrote it. */
  readonly until: number;
  /** Whose claim it is, where that was prolonged: a first one is known by its version. */
  readonly token?: string;
}

const ACTION = "create a store in KV";

const RULES: Rules = {
  kv: [
    "a database with 'get' and 'atomic', as Deno KV is",
    "object",
    (kv: Partial<KvDatabase> | null) =>
      typeof kv?.get === "function" && typeof kv.atomic === "function",
  ],
  prefix: ["a text that is not empty", "string", (value: string) => value !== ""],
};

/** Milliseconds beyond which nothing is told to expire: a thousand years, as a clock knows no infinity. */
const FOREVER = 31_557_600_000_000;
/** Bytes of a key that stays as it is. */
const LONGEST_KEY = 1_024;
/** Digits of 80 bits, so that tokens are in order as texts too. */
const TOKEN_DIGITS = 25;

/**
 * Remembers in Deno KV what was done, for the replay guard of {@linkcode webhookSubscriber} and for
 * `deduplicate` and `once` of `@beat/beat/middleware`: across processes, and on Deno Deploy across
 * regions. Times are those of the processes, whose clocks should agree to much less than a lease. A
 * database that is a file turns away who writes at the same moment as another process: a claim that
 * rejects is nobody's, and the sender of a webhook comes again.
 *
 * A claim is a transaction that asks for the version it has seen. A KV without such, as that of
 * Cloudflare is, would give a key to two: it is refused.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Webhooks that no process handles twice
 * ```ts ignore
 * import { kvStore, webhookSubscriber } from "@beat/http";
 *
 * const kv = await Deno.openKv(); // Needs --unstable-kv.
 * const hooks = webhookSubscriber({
 *   secrets: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
 *   store: kvStore({ kv }),
 * });
 * ```
 */
export function kvStore(options: KvStoreOptions): Store {
  checkOptions(ACTION, options, RULES);
  const { kv, prefix = "beat" } = options;
  check(ACTION, "kv", kv, RULES["kv"]!);
  const keyOf = async (key: string) => [prefix, "store", ...await partsOf(key)];

  /** Writes if nobody else was quicker. */
  const write = (key: readonly string[], { versionstamp }: KvEntry, mark: Mark | undefined) => {
    const checked = kv.atomic().check({ key, versionstamp });
    if (mark === undefined) return checked.delete(key).commit();
    const lasts = Math.max(Math.ceil(mark.until - Date.now()), 1);
    return checked.set(key, mark, lasts < FOREVER ? { expireIn: lasts } : {}).commit();
  };

  /** Writes something else for a claim that is still held. Who is too slow looks again. */
  const change = async (name: string, { token }: Claim, mark: Mark | undefined) => {
    const key = await keyOf(name);
    for (;;) {
      const entry = await kv.get(key);
      if (markOf(entry)?.kind !== "claimed" || tokenOf(entry) !== token) return false;
      if ((await write(key, entry, mark)).ok) return true;
    }
  };

  return {
    async claim(name, lease): Promise<ClaimResult> {
      check("claim a key", "lease", lease, DURATION);
      const key = await keyOf(name);
      for (;;) {
        const entry = await kv.get(key);
        const mark = markOf(entry);
        if (mark?.kind === "done") return { kind: "done" };
        if (mark !== undefined) return { kind: "in-flight", retryAfter: mark.until - Date.now() };
        const commit = await write(key, entry, { kind: "claimed", until: Date.now() + lease });
        if (commit.ok) return { kind: "claimed", claim: { token: asToken(commit.versionstamp) } };
      }
    },
    // deno-lint-ignore require-await -- so that it rejects and does not throw
    async extend(key, claim, lease) {
      check("extend a claim", "lease", lease, DURATION);
      const token = String(claim.token);
      return change(key, claim, { kind: "claimed", until: Date.now() + lease, token });
    },
    // deno-lint-ignore require-await
    async done(key, claim, ttl) {
      check("end a claim", "ttl", ttl, DURATION);
      return change(key, claim, { kind: "done", until: Date.now() + ttl });
    },
    release: (key, claim) => change(key, claim, undefined),
  };
}

/** What counts of an entry: a database may keep what has expired. */
function markOf({ value }: KvEntry): Mark | undefined {
  const mark = value as Mark | null;
  return mark !== null && mark.until > Date.now() ? mark : undefined;
}

function tokenOf({ value, versionstamp }: KvEntry): string {
  return (value as Mark).token ?? asToken(versionstamp!);
}

/** Versions grow with each write to the database, whatever became of a key between its claims. */
function asToken(versionstamp: string): string {
  return BigInt(`0x${versionstamp}`).toString().padStart(TOKEN_DIGITS, "0");
}

/** What of a key goes into one of Deno KV, which takes 2 KiB: of a long one its hash. */
async function partsOf(key: string): Promise<string[]> {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length <= LONGEST_KEY) return [key];
  return ["sha256", toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))];
}
