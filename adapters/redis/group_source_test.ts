import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseLostError } from "@beat/beat/message";
import type { Delivery, Source } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { take, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** How often each entry was delivered, by the server's own books. */
  async function pendingOf({ redis, topic }: Workplace, group = "all") {
    const reply = await redis.xpending(topic, group, "-", "+", 100) as unknown[][];
    return reply.map(([id, consumer, , count]) => ({ id, consumer, count }));
  }

  describe("GroupSource", () => {
    it(
      "counts deliveries by the books of the server when it takes what a member left behind",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one"]);
        await take(await place.source(transport), 1);
        const [second] = await take(await place.source(transport), 1);
        assertEquals(second!.count, 2);
        const [third] = await take(await place.source(transport), 1);
        assertEquals(third!.count, 3);
        assertEquals((await pendingOf(place)).map(({ count }) => count), [3]);
      }),
    );

    it(
      "does not count what is given back unstarted",
      test(async (place) => {
        const transport = place.transport({ lease: 60_000 });
        await place.publish(transport, ["one"]);
        const one = await place.source(transport);
        const [first] = await take(one, 1);
        await one.requeue!([{ delivery: first!, delay: 0, unstarted: true }]);
        const other = await place.source(transport);
        const [again] = await take(other, 1);
        assertEquals(again!.count, 1);
        await other.requeue!([{ delivery: again!, delay: 0, unstarted: false }]);
        const [failed] = await take(other, 1);
        assertEquals(failed!.count, 2);
      }),
    );

    it(
      "reports what is another's by now, and does not take it back",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one", "two"]);
        const slow = await place.source(transport);
        const [one, two] = await take(slow, 2);
        const quick = await place.source(transport);
        const taken = await take(quick, 2);
        assertEquals(await slow.extend!([one!, two!]), [one, two]);
        assertEquals(await quick.extend!(taken), []);
        const owners = new Set((await pendingOf(place)).map(({ consumer }) => consumer));
        assertEquals(owners.size, 1);
        await quick.ack(taken);
        assertEquals(await pendingOf(place), []);
      }),
    );

    it(
      "neither delivers twice nor loses what it prolonged too late, if nobody took it",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one"]);
        const source = await place.source(transport);
        const [one] = await take(source, 1);
        await isIdle(place, 400);
        await place.publish(transport, ["two"]);
        // The look for what was left behind finds its own; the engine has that already.
        const [two] = await take(source, 1);
        assertEquals(textsOf([two!]), ["two"]);
        assertEquals(await source.extend!([one!]), []);
      }),
    );

    it(
      "keeps what waits for less than half a lease pending, and the rest apart with its time",
      test(async (place) => {
        const transport = place.transport({ lease: 1_000 });
        await place.publish(transport, ["short", "long"]);
        const source = await place.source(transport);
        const [short, long] = await take(source, 2);
        await source.requeue!([
          { delivery: short!, delay: 100, unstarted: false },
          { delivery: long!, delay: 600, unstarted: false },
        ]);
        assertEquals((await pendingOf(place)).map(({ id }) => id), [short!.token]);
        const apart = await place.redis.zrange(`{${place.topic}}:delayed:0:all`, "0", "-1");
        assertEquals(apart, [`${long!.token} 1`]);
        const again = await take(source, 2);
        assertEquals(textsOf(again), ["short", "long"]);
        assertEquals(again.map(({ count }) => count), [2, 2]);
        assertEquals(await place.redis.zcard(`{${place.topic}}:delayed:0:all`), 0);
      }),
    );

    it(
      "lets another member have what is due when the one that delayed it is gone",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one"]);
        const gone = await place.source(transport);
        const [one] = await take(gone, 1);
        await gone.requeue!([{ delivery: one!, delay: 300, unstarted: false }]);
        await gone.close();
        const [again] = await take(await place.source(transport), 1);
        assertEquals(textsOf([again!]), ["one"]);
        assertEquals(again!.count, 2);
      }),
    );

    it(
      "leaves no consumer behind, but one with pending entries",
      test(async (place) => {
        const transport = place.transport({ consumer: "billing" });
        await place.publish(transport, ["one"]);
        const holding = await place.source(transport);
        const [one] = await take(holding, 1);
        const idle = await place.source(transport);
        const names = async () => {
          const reply = await place.redis.xinfo("CONSUMERS", place.topic, "all") as unknown[][];
          return reply.map((fields) => String(fields[1]));
        };
        await idle.close();
        await holding.close();
        const left = await names();
        assertEquals(left.length, 1);
        assertEquals(left[0]!.startsWith("billing-"), true);
        const heir = await place.source(transport);
        assertEquals((await take(heir, 1))[0]!.token, one!.token);
        await heir.ack([one!]);
        await heir.close();
        assertEquals(await names(), left);
      }),
    );

    it(
      "has what it had before at once when its connection is made anew",
      test(async (place) => {
        const transport = place.transport({ lease: 60_000 });
        await place.publish(transport, ["one"]);
        const spec = place.spec();
        const before = await place.source(transport, spec);
        const [one] = await take(before, 1);
        const after = await place.source(transport, spec);
        const [again] = await take(after, 1);
        assertEquals(again!.token, one!.token);
        const owners = (await pendingOf(place)).map(({ consumer }) => consumer);
        assertEquals(new Set(owners).size, 1);
      }),
    );

    it(
      "skips what was deleted while it was pending, and forgets it",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one", "two"]);
        const source = await place.source(transport);
        const [one, two] = await take(source, 2);
        await place.redis.xdel(place.topic, String(one!.token));
        const heir = await place.source(transport);
        assertEquals((await take(heir, 1)).map(({ token }) => token), [two!.token]);
        await heir.ack([two!]);
        assertEquals(await pendingOf(place), []);
      }),
    );

    it(
      "moves a dead letter and its ack in one step, and neither if it is another's",
      test(async (place) => {
        const transport = place.transport();
        const dead = `${place.topic}-dead`;
        await place.publish(transport, ["one"]);
        const slow = await place.source(transport);
        const [one] = await take(slow, 1);
        const quick = await place.source(transport);
        const [taken] = await take(quick, 1);
        await assertRejects(() => slow.transfer!(one!, dead, one!.rec), LeaseLostError);
        assertEquals(await place.redis.exists(dead), 0);
        await quick.transfer!(taken!, dead, taken!.rec);
        assertEquals(await place.redis.xlen(dead), 1);
        assertEquals(await pendingOf(place), []);
        assertEquals((await transport.peek!(dead, 1)).map(({ id }) => id), [one!.rec.id]);
      }),
    );

    it(
      "tells how many are unread, pending and delayed",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one", "two", "three", "four"]);
        const source = await place.source(transport);
        const [one, two] = await take(source, 2);
        await source.requeue!([{ delivery: one!, delay: 60_000, unstarted: false }]);
        assertEquals((await source.lag!()).map(({ lane, lag }) => ({ lane, lag })), [
          { lane: "", lag: 4 },
        ]);
        await source.ack([two!]);
        assertEquals((await source.lag!())[0]!.lag, 3);
      }),
    );

    it(
      "keeps what it has settled, unless it is to remove what all groups have",
      test(async (place) => {
        const keeping = place.transport();
        await place.publish(keeping, ["one", "two", "three"]);
        const source = await place.source(keeping);
        await source.ack(await take(source, 3));
        assertEquals(await place.redis.xlen(place.topic), 3);
        const slow = await place.source(keeping, place.spec({ group: "slow" }));
        const [one, ...others] = await take(slow, 3);
        await slow.ack(others);
        const trimming = place.transport({ trimAcked: true });
        const member = await place.source(trimming);
        await looks(member);
        assertEquals(await place.redis.xlen(place.topic), 3);
        await slow.ack([one!]);
        await looks(member);
        // The last that was read stays.
        assertEquals(await place.redis.xlen(place.topic), 1);
      }),
    );

    it(
      "reports entries that were trimmed before they were read, once",
      test(async (place) => {
        const missed: unknown[] = [];
        const transport = place.transport({ onMissed: (one) => missed.push(one) });
        await place.publish(transport, ["one", "two"]);
        const source = await place.source(transport);
        const read = await take(source, 2);
        await source.ack(read);
        await looks(source);
        assertEquals(missed, []);
        await place.publish(transport, ["three", "four", "five", "six"]);
        await place.redis.xtrim(place.topic, "MAXLEN", 0);
        const heir = await place.source(transport);
        await looks(heir);
        const after = String(read.at(-1)!.token);
        const { topic } = place;
        assertEquals(missed, [{ topic, group: "all", lane: "", count: 4, after }]);
      }),
    );
  });

  /** Waits until the oldest pending entry was left alone for so many milliseconds. */
  async function isIdle({ redis, topic }: Workplace, milliseconds: number): Promise<void> {
    for (;;) {
      const [first] = await redis.xpending(topic, "all", "-", "+", 1) as unknown[][];
      if (Number(first![2]) >= milliseconds) return;
    }
  }

  /** Fetches until it has looked for what others left behind. */
  async function looks(source: Source): Promise<Delivery[]> {
    const found: Delivery[] = [];
    const never = new AbortController().signal;
    // A read ends with the time of the next look, which comes first in the fetch after it.
    for (let fetch = 0; fetch < 3; fetch++) {
      found.push(...await source.fetch!(1, () => false, never));
    }
    return found;
  }
});
