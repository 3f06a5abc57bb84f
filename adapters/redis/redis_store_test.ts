import { newUuid } from "@beat/beat/message";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Redis } from "ioredis";
import { withService } from "../../tests/_services/mod.ts";
import { testStore, type UseStores } from "../../tests/_stores/contract.ts";
import { type RedisStore, redisStore } from "./mod.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const use = (test: (stores: readonly RedisStore[]) => Promise<void>) => async () => {
    const prefix = `test-${newUuid()}-`;
    const stores = Array.from({ length: 3 }, () => redisStore({ url, prefix }));
    try {
      await test(stores);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  };

  describe("redisStore()", () => {
    testStore(use as UseStores);

    it(
      "forgets by itself what is past its time",
      use(async ([store]) => {
        const prefix = `test-${newUuid()}-`;
        const redis = new Redis(url);
        const own = redisStore({ client: redis, prefix });
        const result = await own.claim("k", 30_000);
        assert(result.kind === "claimed");
        assert(await redis.pttl(`{${prefix}@store}:k`) > 0);
        await own.done("k", result.claim, 60_000);
        assert(await redis.pttl(`{${prefix}@store}:k`) > 30_000);
        assertEquals((await store!.claim("k", 1)).kind, "claimed");
        await own.close();
        // The client is whose it was.
        assertEquals(await redis.ping(), "PONG");
        await redis.quit();
      }),
    );

    it(
      "gives tokens that grow, even where its counter was lost",
      use(async () => {
        const prefix = `test-${newUuid()}-`;
        const redis = new Redis(url);
        const store = redisStore({ url, prefix });
        const first = await store.claim("a", 30_000);
        await redis.del(`{${prefix}@store}`);
        const second = await store.claim("b", 30_000);
        assert(first.kind === "claimed" && second.kind === "claimed");
        assert(second.claim.token > first.claim.token);
        await store.close();
        await redis.quit();
      }),
    );
  });
});

describe("redisStore()", () => {
  it("refuses malformed options and times", async () => {
    assertThrows(() => redisStore({}), TypeError, "one of 'url' and 'client' must be given");
    assertThrows(
      () => redisStore({ url: "redis://h", maxPayload: 1 } as never),
      TypeError,
      "unknown",
    );
    const store = redisStore({ url: "redis://127.0.0.1:1" });
    await assertRejects(() => store.claim("k", NaN), RangeError, "'lease'");
    await assertRejects(() => store.done("k", { token: 1 }, -1), RangeError, "'ttl'");
    await store.close();
  });
});
