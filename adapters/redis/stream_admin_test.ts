import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { take } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("StreamAdmin", () => {
    it(
      "creates a topic once, however many do at the same time",
      test(async (place) => {
        const admins = Array.from({ length: 8 }, () => place.transport().admin);
        const results = await Promise.all(
          admins.map((admin) => admin.create(place.topic, { partitions: 3 })),
        );
        assertEquals(results.filter((result) => result === "created").length, 1);
        assertEquals(await admins[0]!.describe(place.topic), { partitions: 3 });
      }),
    );

    it(
      "changes what is kept of a topic, and names what it has changed",
      test(async (place) => {
        const { admin } = place.transport();
        await admin.create(place.topic, { maxMessages: 1_000 });
        assertEquals(await admin.update(place.topic, { maxMessages: 2_000, partitions: 1 }), [
          "maxMessages",
        ]);
        assertEquals(await admin.update(place.topic, { maxMessages: 2_000 }), []);
        assertEquals(await admin.describe(place.topic), { partitions: 1, maxMessages: 2_000 });
      }),
    );

    it(
      "never gives a topic two limits, of which the server would heed one",
      test(async (place) => {
        const { admin } = place.transport();
        await admin.create(place.topic, { maxMessages: 1_000 });
        await assertRejects(
          () => admin.update(place.topic, { retentionMs: 1_000 }),
          RangeError,
          "not by both",
        );
        assertEquals(await admin.describe(place.topic), { partitions: 1, maxMessages: 1_000 });
      }),
    );

    it(
      "keeps about as many entries as a topic is to have",
      test(async (place) => {
        const transport = place.transport();
        await transport.admin.create(place.topic, { maxMessages: 100 });
        await place.publish(transport, Array.from({ length: 1_000 }, (_, at) => String(at)));
        const length = await place.redis.xlen(place.topic);
        assertEquals(length >= 100 && length < 300, true, `${length} entries were kept`);
      }),
    );

    it(
      "keeps entries by the clock of the server, whatever time the publisher believes it is",
      test(async (place) => {
        const transport = place.transport();
        await transport.admin.create(place.topic, { retentionMs: 600_000 });
        const { now } = Date;
        Date.now = () => now() + 3_600_000;
        try {
          await place.publish(transport, Array.from({ length: 1_000 }, (_, at) => String(at)));
        } finally {
          Date.now = now;
        }
        assertEquals(await place.redis.xlen(place.topic), 1_000);
      }),
    );

    it(
      "never changes the partitions of a topic, which keep the order of its keys",
      test(async (place) => {
        const { admin } = place.transport();
        await admin.create(place.topic, { partitions: 3 });
        await assertRejects(
          () => admin.update(place.topic, { partitions: 4 }),
          RangeError,
          "'partitions' must stay 3",
        );
        await assertRejects(() => admin.update(`${place.topic}-other`, {}), RangeError, "is none");
      }),
    );

    it(
      "refuses what Redis cannot do, and names the field",
      test(async (place) => {
        const { admin } = place.transport();
        const wishes = [
          { replicas: 2 },
          { retentionBytes: 1 },
          { persistence: "ephemeral" },
          { compression: "gzip" },
        ] as const;
        for (const wish of wishes) {
          const [name] = Object.keys(wish);
          await assertRejects(() => admin.create(place.topic, wish), RangeError, `'${name}'`);
        }
        const both = { maxMessages: 1, retentionMs: 1 };
        await assertRejects(() => admin.create(place.topic, both), RangeError, "not by both");
      }),
    );

    it(
      "lists topics with and without partitions, those of its prefix only",
      test(async (place) => {
        const prefix = `${place.topic}:`;
        const { admin } = place.transport({ prefix });
        await admin.create("one");
        await admin.create("two", { partitions: 3 });
        assertEquals(await admin.list(), ["one", "two"]);
        assertEquals((await place.transport().admin.list()).includes("one"), false);
        assertEquals(await admin.remove("one"), true);
        assertEquals(await admin.remove("two"), true);
      }),
    );

    it(
      "removes a topic with everything that belongs to it",
      test(async (place) => {
        const transport = place.transport();
        const { admin } = transport;
        await admin.create(place.topic, { partitions: 2 });
        await place.publish(transport, ["one"]);
        const source = await place.source(transport);
        const [one] = await take(source, 1);
        await source.requeue!([{ delivery: one!, delay: 60_000, unstarted: false }]);
        await source.close();
        assertEquals(await admin.remove(place.topic), true);
        assertEquals(await admin.remove(place.topic), false);
        assertEquals(await admin.describe(place.topic), undefined);
        assertEquals(await place.redis.keys(`*${place.topic}*`), []);
      }),
    );

    it(
      "removes a group with its position, and no other",
      test(async (place) => {
        const transport = place.transport();
        await place.publish(transport, ["one"]);
        for (const group of ["one", "other"]) {
          const source = await place.source(transport, place.spec({ group }));
          await source.ack(await take(source, 1));
          await source.close();
        }
        assertEquals(await transport.admin.removeGroup(place.topic, "one"), true);
        assertEquals(await transport.admin.removeGroup(place.topic, "one"), false);
        const anew = await place.source(transport, place.spec({ group: "one" }));
        assertEquals((await take(anew, 1)).length, 1);
        const other = await place.redis.xinfo("GROUPS", place.topic) as unknown[][];
        assertEquals(other.map((fields) => fields[1]), ["one", "other"]);
      }),
    );
  });
});
