import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Source } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { take, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** By the server's own books: who has each entry, and how often it was delivered. */
  async function pendingOf({ redis, topic }: Workplace) {
    const reply = await redis.xpending(topic, "all", "-", "+", 100) as unknown[][];
    return reply.map(([id, consumer, , count]) => ({ id, consumer, count }));
  }

  /** Fetches often enough to have looked for what others left behind, and what can be removed. */
  async function looks(source: Source): Promise<void> {
    const never = new AbortController().signal;
    for (let fetch = 0; fetch < 3; fetch++) await source.fetch!(1, () => false, never);
  }

  describe("the books of a group", () => {
    it(
      "stay as they are when somebody gives back what another has by now",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["short", "long"]);
        const slow = await place.source(transport);
        const [short, long] = await take(slow, 2);
        const quick = await place.source(transport);
        await take(quick, 2);
        const before = await pendingOf(place);
        await slow.requeue!([
          { delivery: short!, delay: 0, unstarted: true },
          { delivery: long!, delay: 60_000, unstarted: false },
        ]);
        assertEquals(await pendingOf(place), before);
        assertEquals(await place.redis.zcard(`{${place.topic}}:delayed:0:all`), 0);
      }),
    );

    it(
      "count a delivery that had waited apart when another takes it over",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one"]);
        const dying = await place.source(transport);
        const [one] = await take(dying, 1);
        await dying.requeue!([{ delivery: one!, delay: 300, unstarted: false }]);
        const [again] = await take(dying, 1);
        assertEquals(again!.count, 2);
        assertEquals((await pendingOf(place)).map(({ count }) => count), [2]);
        const [last] = await take(await place.source(transport), 1);
        assertEquals(last!.count, 3);
      }),
    );

    it(
      "hold what waits apart for its time while what all groups have settled is removed",
      test(async (place) => {
        const transport = place.transport({ trimAcked: true, lease: 1_000 });
        await place.publish(transport, ["late", "done", "last"]);
        const source = await place.source(transport);
        const [late, ...others] = await take(source, 3);
        await source.requeue!([{ delivery: late!, delay: 60_000, unstarted: false }]);
        await source.ack(others);
        await looks(source);
        assertEquals(await place.redis.xlen(place.topic), 3);
        // It is due at once, and comes whole.
        await place.redis.zadd(`{${place.topic}}:delayed:0:all`, "0", `${late!.token} 1`);
        assertEquals(textsOf(await take(source, 1)), ["late"]);
      }),
    );
  });
});
