import process from "node:process";
import { newUuid, type Store } from "@beat/beat/message";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { testStore } from "../../tests/_stores/contract.ts";
import { type KvDatabase, kvStore, type KvStoreOptions, type KvTransaction } from "./kv_store.ts";
import { FakeKv } from "./testdata/fake_kv.ts";
import { receiver } from "./testdata/receiver.ts";

type Use = (test: (stores: readonly Store[]) => Promise<void>) => () => Promise<void>;

/** A database that is opened, and its file. */
interface OpenKv extends KvDatabase {
  close(): void;
}

/** Deno's own, where it is switched on. */
const openKv = (globalThis as { Deno?: { openKv?: (path: string) => Promise<OpenKv> } })
  .Deno?.openKv;

describe("kvStore() on a database with the transactions of Deno KV", () => {
  const use: Use = (test) => async () => {
    const kv = new FakeKv();
    await test(Array.from({ length: 3 }, () => kvStore({ kv })));
  };
  testStore(use);

  it("does not take what it prolongs at the same time for somebody else's", async () => {
    const store = kvStore({ kv: new FakeKv() });
    const result = await store.claim("k", 30_000);
    assert(result.kind === "claimed");
    const { claim } = result;
    const beats = Array.from({ length: 5 }, () => store.extend("k", claim, 30_000));
    assertEquals(
      await Promise.all([...beats, store.done("k", claim, 60_000)]).then((all) => all.at(-1)),
      true,
    );
    assertEquals((await store.claim("k", 30_000)).kind, "done");
  });

  it("gives tokens that are in order as texts too, also when a key was given free between them", async () => {
    const store = kvStore({ kv: new FakeKv() });
    const tokens: string[] = [];
    for (let round = 0; round < 20; round++) {
      const result = await store.claim("k", 30_000);
      assert(result.kind === "claimed");
      tokens.push(String(result.claim.token));
      await store.release("k", result.claim);
    }
    assertEquals(tokens, tokens.toSorted());
    assertEquals(new Set(tokens).size, 20);
  });

  it("keeps long keys apart, which the database has no room for", async () => {
    const kv = new FakeKv();
    const sizes: number[] = [];
    const { get } = kv;
    kv.get = (key) => {
      sizes.push(key.join("/").length);
      return get.call(kv, key);
    };
    const store = kvStore({ kv });
    for (const key of ["a".repeat(3_000), "a".repeat(3_001), "é".repeat(1_000)]) {
      assertEquals((await store.claim(key, 1_000)).kind, "claimed");
      assertEquals((await store.claim(key, 1_000)).kind, "in-flight");
    }
    assert(Math.max(...sizes) < 1_100);
  });

  it("puts 'beat' before its keys, unless told otherwise", async () => {
    const kv = new FakeKv();
    const keys: (readonly string[])[] = [];
    const { get } = kv;
    kv.get = (key) => {
      keys.push(key);
      return get.call(kv, key);
    };
    await kvStore({ kv }).claim("k", 1_000);
    await kvStore({ kv, prefix: "other" }).claim("k", 1_000);
    assertEquals(keys, [["beat", "store", "k"], ["other", "store", "k"]]);
  });

  it("keeps apart what has another prefix, and leaves nothing of what was given free", async () => {
    const kv = new FakeKv();
    const [one, other] = [kvStore({ kv }), kvStore({ kv, prefix: "other" })];
    const result = await one.claim("k", 30_000);
    assertEquals((await other.claim("k", 30_000)).kind, "claimed");
    assert(result.kind === "claimed");
    await one.release("k", result.claim);
    assertEquals(kv.size, 1);
  });

  it("tells the database when it may forget, in whole milliseconds, and of no end where there is none", async () => {
    const kv = new FakeKv();
    const told: (number | undefined)[] = [];
    const watched = (transaction: KvTransaction): KvTransaction => ({
      check: (...checks) => watched(transaction.check(...checks)),
      set(key, value, options) {
        told.push(options?.expireIn);
        return watched(transaction.set(key, value, options));
      },
      delete: (key) => watched(transaction.delete(key)),
      commit: () => transaction.commit(),
    });
    const store = kvStore({
      kv: { get: (key) => kv.get(key), atomic: () => watched(kv.atomic()) },
    });
    for (const lease of [30_000, 0.5, Infinity]) await store.claim(`${lease}`, lease);
    assertEquals([told[0]! > 29_000 && told[0]! <= 30_000, told[1], told[2]], [true, 1, undefined]);
    assert(Number.isInteger(told[0]));
  });

  it("makes two receivers handle a webhook once", async () => {
    const kv = new FakeKv();
    const both = [
      await receiver({ store: kvStore({ kv }) }),
      await receiver({
        store: kvStore({ kv }),
      }),
    ];
    for (const { send } of both) assertEquals((await send({ id: "m" })).status, 204);
    assertEquals(both.map(({ delivered }) => delivered.length), [1, 0]);
    for (const { close } of both) await close();
  });

  it("refuses a database without transactions, and what else it does not know", async () => {
    // Cloudflare KV: get, put, list, delete.
    const cloudflare = { get: () => {}, put: () => {} } as never;
    const must = "'kv' must be a database with 'get' and 'atomic', as Deno KV is";
    assertThrows(() => kvStore({ kv: cloudflare }), TypeError, must);
    assertThrows(() => kvStore({} as KvStoreOptions), TypeError, must);
    const kv = new FakeKv();
    assertThrows(() => kvStore({ kv, prefix: "" }), RangeError, "'prefix'");
    assertThrows(() => kvStore({ kv, url: "" } as KvStoreOptions), TypeError, "unknown");
    const store = kvStore({ kv });
    await assertRejects(() => store.claim("k", NaN), RangeError, "'lease'");
    await assertRejects(() => store.done("k", { token: "1" }, -1), RangeError, "'ttl'");
    await assertRejects(() => store.extend("k", { token: "1" }, -1), RangeError, "'lease'");
  });
});

// Elsewhere there is none, and what the fake does is what Deno says of it.
if (openKv !== undefined) {
  describe("kvStore() on Deno KV", () => {
    const withFile = async (test: (path: string) => Promise<void>) => {
      const path = `${process.env["TMPDIR"] ?? "/tmp"}/beat-kv-${newUuid()}`;
      try {
        await test(path);
      } finally {
        await removeAll(path);
      }
    };
    const use: Use = (test) => () =>
      withFile(async (path) => {
        const kv = await openKv(path);
        try {
          await test(Array.from({ length: 3 }, () => kvStore({ kv })));
        } finally {
          kv.close();
        }
      });
    testStore(use);

    it("gives a key to one at most of those who have the file open, and remembers across them", () =>
      withFile(async (path) => {
        const handles = [await openKv(path), await openKv(path), await openKv(path)];
        try {
          const stores = handles.map((kv) => kvStore({ kv }));
          const claiming = Array.from(
            { length: 12 },
            (_, at) => stores[at % 3]!.claim("k", 30_000),
          );
          // SQLite turns away who writes at the same moment: that is no answer, and nobody's claim.
          const answers = (await Promise.allSettled(claiming))
            .flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
          const claims = answers.flatMap((one) => one.kind === "claimed" ? [one.claim] : []);
          assertEquals(claims.length, 1);
          assertEquals(await stores[0]!.done("k", claims[0]!, 60_000), true);
          for (const store of stores) assertEquals((await store.claim("k", 1)).kind, "done");
        } finally {
          for (const kv of handles) kv.close();
        }
      }));
  });
}

async function removeAll(path: string): Promise<void> {
  const { rm } = process.getBuiltinModule("node:fs/promises");
  for (const end of ["", "-shm", "-wal"]) await rm(`${path}${end}`, { force: true });
}
