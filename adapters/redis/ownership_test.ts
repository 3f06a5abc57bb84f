import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { withService } from "../../tests/_services/mod.ts";
import { take, TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** So long that nothing ends by itself. */
const LEASE = 60_000;

const never = () => false;

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** Waits until some client waits for entries. */
  async function isBlocked({ redis }: Workplace): Promise<void> {
    while (!/ flags=b.* cmd=xreadgroup/.test(await redis.client("LIST") as string));
  }

  /** Gives all partitions to somebody else, as if a lease had ended. */
  async function giveAway({ redis, topic }: Workplace): Promise<void> {
    await redis.zadd(`{${topic}}:members:all`, "1e15", "another");
    await redis.hset(`{${topic}}:owners:all`, { 0: "another", 1: "another" });
  }

  /** A member that waits for messages of partitions that are somebody else's meanwhile. */
  async function robbed(place: Workplace) {
    const transport = place.transport({ partitions: 2, lease: LEASE });
    const host = new TestHost();
    const source = await place.source(transport, place.spec(), host);
    const fetching = source.fetch!(16, never, new AbortController().signal);
    await isBlocked(place);
    await giveAway(place);
    return { transport, host, source, fetching };
  }

  describe("a member of a group in partitions", () => {
    it(
      "takes what a dead one had before anything new, though it hears of it between two looks",
      test(async (place) => {
        const transport = place.transport({ partitions: 2, lease: LEASE });
        const dead = await place.source(transport);
        await place.publish(transport, ["one", "two"], "key");
        await take(dead, 2);
        await place.publish(transport, ["three"], "key");
        const heir = await place.source(transport);
        // It looks, and finds nothing.
        assertEquals(await heir.fetch!(16, never, AbortSignal.abort()), []);
        await place.redis.del(`{${place.topic}}:members:all`);
        await heir.extend!([]);
        assertEquals(textsOf(await take(heir, 3)), ["one", "two", "three"]);
      }),
    );

    it(
      "hands over nothing of a partition that it has lost while it waited",
      test(async (place) => {
        const { transport, host, source, fetching } = await robbed(place);
        await source.extend!([]);
        assertEquals(host.lostLanes.map(({ name }) => name).sort(), ["0", "1"]);
        await place.publish(transport, ["one"], "key");
        assertEquals(await fetching, []);
      }),
    );

    it(
      "asks whether its partitions are its own when it has stood still for longer than a lease",
      test(async (place) => {
        const { transport, host, fetching } = await robbed(place);
        const now = performance.now.bind(performance);
        const clock = stub(performance, "now", () => now() + LEASE);
        try {
          await place.publish(transport, ["one"], "key");
          assertEquals(await fetching, []);
        } finally {
          clock.restore();
        }
        assertEquals(host.lostLanes.map(({ name }) => name).sort(), ["0", "1"]);
      }),
    );
  });
});
