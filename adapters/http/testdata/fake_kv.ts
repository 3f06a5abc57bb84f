import type { KvCheck, KvCommit, KvDatabase, KvEntry, KvTransaction } from "../kv_store.ts";

/**
 * Deno KV in memory, where there is none: versions that grow over all keys, transactions that check
 * them. What has expired is kept, as a database may.
 */
export class FakeKv implements KvDatabase {
  readonly #entries: Map<string, KvEntry>;
  readonly #written: (entries: ReadonlyMap<string, KvEntry>) => void;
  #version: number;

  /** Begins with what another one had, and tells of what it has after each write. */
  constructor(
    entries: ReadonlyMap<string, KvEntry> = new Map(),
    written: (entries: ReadonlyMap<string, KvEntry>) => void = () => {},
  ) {
    this.#entries = new Map(entries);
    this.#written = written;
    const versions = Array.from(entries.values(), ({ versionstamp }) => numberOf(versionstamp!));
    this.#version = Math.max(0, ...versions);
  }

  /** Keys that something is stored under. */
  get size(): number {
    return this.#entries.size;
  }

  async get(key: readonly string[]): Promise<KvEntry> {
    await turn();
    return structuredClone(this.#entries.get(JSON.stringify(key)) ?? NOTHING);
  }

  atomic(): KvTransaction {
    const checks: KvCheck[] = [];
    const writes: (readonly [key: readonly string[], value: unknown])[] = [];
    const transaction: KvTransaction = {
      check(...more) {
        checks.push(...more);
        return transaction;
      },
      set(key, value) {
        writes.push([key, structuredClone(value)]);
        return transaction;
      },
      delete(key) {
        writes.push([key, null]);
        return transaction;
      },
      commit: async () => {
        await turn();
        return this.#commit(checks, writes);
      },
    };
    return transaction;
  }

  #commit(
    checks: readonly KvCheck[],
    writes: readonly (readonly [key: readonly string[], value: unknown])[],
  ): KvCommit {
    const versionOf = (key: readonly string[]) =>
      this.#entries.get(JSON.stringify(key))?.versionstamp ?? null;
    if (checks.some(({ key, versionstamp }) => versionOf(key) !== versionstamp)) {
      return { ok: false };
    }
    const versionstamp = `${(++this.#version).toString(16).padStart(16, "0")}${SAME_MOMENT}`;
    for (const [key, value] of writes) {
      if (value === null) this.#entries.delete(JSON.stringify(key));
      else this.#entries.set(JSON.stringify(key), { value, versionstamp });
    }
    this.#written(this.#entries);
    return { ok: true, versionstamp };
  }
}

/** A version has ten bytes, of which the last two tell writes of one moment apart. */
const SAME_MOMENT = "0000";

function numberOf(versionstamp: string): number {
  return Number.parseInt(versionstamp.slice(0, -SAME_MOMENT.length), 16);
}

const NOTHING: KvEntry = { value: null, versionstamp: null };

/** Others come in between, as they do on a network. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
