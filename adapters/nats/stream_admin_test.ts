import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { take } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("StreamAdmin", () => {
    it(
      "creates a topic once however many ask, and says what it is made of",
      test(async (place) => {
        const { admin } = place.transport();
        const { topic } = place;
        const config = { partitions: 3, retentionMs: 60_000, maxMessages: 10 };
        const made = await Promise.all([1, 2, 3].map(() => admin.create(topic, config)));
        assertEquals(made.sort(), ["created", "exists", "exists"]);
        assertEquals(await admin.describe(topic), {
          ...config,
          replicas: 1,
          persistence: "persistent",
          compression: "none",
        });
        assert((await admin.list()).includes(topic));
        assertEquals([await admin.remove(topic), await admin.remove(topic)], [true, false]);
        assertEquals(await admin.describe(topic), undefined);
      }),
    );

    it(
      "changes what can be changed, and names it",
      test(async (place) => {
        const { admin } = await place.open({ partitions: 3 });
        const { topic } = place;
        const changes = { partitions: 3, maxMessages: 20, retentionBytes: 1_000_000 };
        assertEquals(await admin.update(topic, changes), ["maxMessages", "retentionBytes"]);
        assertEquals(await admin.update(topic, changes), []);
        assertEquals((await admin.describe(topic))!.maxMessages, 20);
        assertEquals(await admin.update(topic, { retentionMs: 60_000 }), ["retentionMs"]);
        assertEquals((await admin.describe(topic))!.maxMessages, 20);
      }),
    );

    it(
      "knows duplicates for as long as it was told, and no longer than it keeps messages",
      test(async (place) => {
        const { admin } = await place.open({ duplicateWindow: 60_000 });
        const { topic } = place;
        const window = async () =>
          (await place.jsm.streams.info(place.stream)).config.duplicate_window / 1e6;
        assertEquals(await window(), 60_000);
        await admin.update(topic, { maxMessages: 10 });
        assertEquals(await window(), 60_000);
        await admin.update(topic, { retentionMs: 5_000 });
        assertEquals(await window(), 5_000);
        await admin.remove(topic);
        await admin.create(topic, { retentionMs: 7_000 });
        assertEquals(await window(), 7_000);
      }),
    );

    it(
      "names what cannot be changed, or cannot be at all",
      test(async (place) => {
        const { admin } = await place.open({ partitions: 3 });
        const { topic } = place;
        for (
          const [config, says] of [
            [{ partitions: 4 }, "'partitions' must stay 3: current value is 4"],
            [{ persistence: "ephemeral" }, "'persistence' must stay persistent"],
            [{ compression: "gzip" }, "'compression'"],
          ] as const
        ) await assertRejects(() => admin.update(topic, config), Error, says);
        await assertRejects(() => admin.update(`${topic}.x`, {}), RangeError, "there is none");
      }),
    );

    it(
      "forgets with a group, or a topic, what its members have given back",
      test(async (place) => {
        const nats = await place.open({ lease: 60_000 });
        const noted = async () => {
          const filter = `beat.given-back.${place.stream}.>`;
          const { state } = await place.jsm.streams.info("beat-given-back", {
            subjects_filter: filter,
          });
          return Object.keys(state.subjects ?? {}).length;
        };
        for (const remove of ["removeGroup", "remove"] as const) {
          await nats.admin.create(place.topic);
          await place.publish(nats, ["one"]);
          const source = await place.source(nats);
          const [delivery] = await take(source, 1);
          await source.requeue!([{ delivery: delivery!, delay: 0, unstarted: true }]);
          assertEquals(await noted(), 1);
          await nats.admin[remove](place.topic, "all");
          assertEquals(await noted(), 0);
        }
      }),
    );

    it(
      "has no group to remove where there is none, and where there is no topic",
      test(async (place) => {
        const { admin } = await place.open();
        assertEquals(await admin.removeGroup(place.topic, "all"), false);
        assertEquals(await admin.removeGroup(`${place.topic}.x`, "all"), false);
        assertEquals(await admin.remove(`${place.topic}.x`), false);
      }),
    );

    it(
      "has nothing of a topic that is not there, and does not make it by peeking",
      test(async (place) => {
        const nats = place.transport();
        assertEquals(await nats.peek(place.topic, 9), []);
        assertEquals(await nats.admin.describe(place.topic), undefined);
      }),
    );

    it(
      "keeps of a topic what its limits allow",
      test(async (place) => {
        const nats = await place.open();
        await nats.admin.update(place.topic, { maxMessages: 2 });
        const out = publisher(nats);
        for (const text of ["one", "two", "three"]) {
          await out.publish(place.topic, new Message(text));
        }
        const texts = (await nats.peek(place.topic, 10)).map(({ payload }) =>
          new TextDecoder().decode(payload)
        );
        assertEquals(texts, ["two", "three"]);
      }),
    );
  });
});
