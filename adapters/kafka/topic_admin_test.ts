import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("kafka", "BEAT_KAFKA_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("TopicAdmin of Kafka", () => {
    it(
      "creates a topic once, however many do so at the same time",
      test(async (place) => {
        const admins = Array.from({ length: 3 }, () => place.transport().admin);
        const created = await Promise.all(
          [...admins, ...admins].map((admin) => admin.create(place.topic, { partitions: 1 })),
        );
        assert(created.includes("created"));
        assertEquals(await admins[0]!.create(place.topic), "exists");
      }),
    );

    it(
      "creates, describes, changes and removes a topic",
      test(async (place) => {
        const { topic } = place;
        const { admin } = place.transport();
        assertEquals(await admin.describe(topic), undefined);
        const config = { partitions: 2, retentionMs: 60_000, compression: "zstd" };
        assertEquals(await admin.create(topic, config), "created");
        assertEquals(await admin.describe(topic), { replicas: 1, ...config });
        const changes = { partitions: 3, retentionMs: 60_000, retentionBytes: 1_000_000 };
        assertEquals(await admin.update(topic, changes), ["partitions", "retentionBytes"]);
        // The broker may hear of it a moment after the controller has confirmed it.
        while ((await admin.describe(topic))?.partitions !== changes.partitions);
        assertEquals(await admin.describe(topic), { replicas: 1, ...config, ...changes });
        assertEquals(await admin.update(topic, changes), []);
        assert((await admin.list()).includes(topic));
        assertEquals(await admin.remove(topic), true);
        assertEquals(await admin.remove(topic), false);
      }),
    );

    it(
      "names what Kafka cannot do",
      test(async (place) => {
        const { topic } = place;
        const { admin } = await place.withTopic(2);
        const create = (config: object) => () => admin.create(topic, config);
        const update = (config: object) => () => admin.update(topic, config);
        await assertRejects(create({ maxMessages: 1 }), RangeError, "Kafka has no 'maxMessages'");
        await assertRejects(create({ persistence: "ephemeral" }), RangeError, "no 'persistence'");
        await assertRejects(create({ compression: "zip" }), RangeError, "'compression' must be");
        await assertRejects(
          update({ partitions: 1 }),
          RangeError,
          "'partitions' must be at least 2",
        );
        await assertRejects(update({ replicas: 2 }), RangeError, "'replicas' must stay 1");
        await assertRejects(() => admin.create("a..b"), RangeError, "'topic' must be");
        await assertRejects(() => admin.update("nowhere", {}), RangeError, "as there is none");
      }),
    );

    it(
      "says why it cannot make a topic beside another, nor remove a group with members",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        const { admin } = kafka;
        const [one, other] = [`${place.topic}.a`, `${place.topic}_a`];
        assertEquals(await admin.create(one, { partitions: 1 }), "created");
        await assertRejects(() => admin.create(other), RangeError, "takes for the same");
        const source = await place.source(kafka);
        const removing = () => admin.removeGroup(place.topic, "all");
        await assertRejects(removing, Error, "as it is in use");
        await source.close();
        assertEquals(await admin.removeGroup(place.topic, "all"), true);
      }),
    );
  });
});
