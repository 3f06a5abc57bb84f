import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { consume, type ConsumeOptions, partitionOf, publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import type { RedisTransport } from "./mod.ts";
import { take, TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

const PARTITIONS = 4;

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** Who has which partition, by the books of the server. */
  async function ownersOf({ redis, topic }: Workplace): Promise<Record<string, string>> {
    return await redis.hgetall(`{${topic}}:owners:all`);
  }

  describe("Partitions", () => {
    it(
      "puts each key into the stream of its hash, whoever publishes",
      test(async (place) => {
        const transport = place.transport({ partitions: PARTITIONS });
        const keys = ["a", "order-7", "ключ", "鍵"];
        for (const key of keys) await place.publish(transport, [key], key);
        for (const key of keys) {
          const stream = `{${place.topic}}:${partitionOf(key, PARTITIONS)}`;
          const entries = await place.redis.xrange(stream, "-", "+");
          assertEquals(entries.some(([, fields]) => fields.includes(key)), true);
        }
      }),
    );

    it(
      "makes a topic once with as many partitions as the first wanted",
      test(async (place) => {
        await place.publish(place.transport({ partitions: 3 }), ["one"]);
        const other = place.transport({ partitions: 5 });
        await place.publish(other, ["two"]);
        assertEquals(await other.admin.describe(place.topic), { partitions: 3 });
      }),
    );

    it(
      "gives all to one member, and half of them to a second after the first has let go",
      test(async (place) => {
        const transport = place.transport({ partitions: PARTITIONS });
        const host = new TestHost();
        const one = await place.source(transport, place.spec(), host);
        assertEquals(new Set(Object.values(await ownersOf(place))).size, 1);
        const other = await place.source(transport);
        // Nothing is taken from a member: it is asked to let go.
        assertEquals(new Set(Object.values(await ownersOf(place))).size, 1);
        const shares = async () => {
          const owners = Object.values(await ownersOf(place));
          return [...new Set(owners)].map((name) => owners.filter((one) => one === name).length);
        };
        while (String(await shares()) !== "2,2") {
          await fetchOnce(one);
          await fetchOnce(other);
        }
        assertEquals(host.revokedLanes.length, 2);
        assertEquals(host.lostLanes, []);
      }),
    );

    it(
      "takes over what a dead member had, the oldest first, before anything new",
      test(async (place) => {
        const transport = place.transport({ partitions: 2, lease: 60_000 });
        const host = new TestHost();
        const dead = await place.source(transport, place.spec(), host);
        await place.publish(transport, ["one", "two"], "key");
        await take(dead, 2);
        await place.publish(transport, ["three"], "key");
        // Its lease is over sooner than those of what it had.
        await place.redis.del(`{${place.topic}}:members:all`);
        const heir = await place.source(transport);
        const taken = await take(heir, 3);
        assertEquals(textsOf(taken), ["one", "two", "three"]);
        assertEquals(taken.map(({ count }) => count), [2, 2, 1]);
        // The dead one wakes up: it hears that nothing is its own any more.
        await dead.extend!([]);
        const key = partitionOf("key", 2);
        assertEquals(host.lostLanes.map(({ name }) => name).includes(String(key)), true);
      }),
    );

    it(
      "keeps the order of each key in a group of which members come, go and die",
      test(async (place) => {
        const options = { partitions: PARTITIONS, lease: 600 };
        const last = new Map<string, number>();
        const faults: string[] = [];
        let done = 0;
        let finish = () => {};
        const handle = ([message]: readonly Message[]) => {
          const number = Number(message!.text());
          const before = last.get(message!.key) ?? -1;
          if (number > before + 1) faults.push(`${message!.key}: ${number} after ${before}`);
          if (number <= before) return;
          last.set(message!.key, number);
          if (++done === 400) finish();
        };
        const how: ConsumeOptions = {
          topic: place.topic,
          group: "all",
          from: "earliest",
          ordered: "key",
          workers: 4,
        };
        const finished = new Promise<void>((resolve) => finish = resolve);
        const join = () => consume(place.transport(options), handle, how);
        const stays = await join();
        const out = publisher(place.transport(options));
        const publishing = (async () => {
          for (let number = 0; number < 50; number++) {
            const keys = Array.from({ length: 8 }, (_, key) => `key-${key}`);
            const messages = keys.map((key) => new Message(String(number), { key }));
            await out.publish(place.topic, messages);
          }
        })();
        // It dies with what it has: no handler has seen that.
        const dying = place.transport(options);
        const dead = await dying.source({ ...place.spec(), ordered: true }, new TestHost());
        await fetchOnce(dead);
        await fetchOnce(dead);
        await dying.close();
        const guest = await join();
        await publishing;
        await guest.close();
        await finished;
        assertEquals(faults, []);
        await stays.close();
        await out.close();
      }),
    );
  });

  async function fetchOnce(source: Awaited<ReturnType<RedisTransport["source"]>>): Promise<void> {
    await source.fetch!(16, () => false, new AbortController().signal);
  }
});
