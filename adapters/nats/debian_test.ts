import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore } from "./mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("nats-debian", "BEAT_NATS_DEBIAN_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("NATS 2.9", () => {
    for (const partitions of [1, 4]) {
      it(
        `delivers to a group what it nacks until it acks, in ${partitions} partitions`,
        test(async (place) => {
          const nats = await place.open({ partitions, lease: 10_000 });
          const messages = Array.from(
            { length: 40 },
            (_, at) => new Message(String(at), { key: `key-${at % 8}` }),
          );
          await publisher(nats).publish(place.topic, messages);
          const attempts = new Map<string, number[]>();
          const done = Promise.withResolvers<void>();
          let acked = 0;
          await place.consume(nats, ([message]) => {
            const { attempt } = message!;
            attempts.set(message!.text(), [...attempts.get(message!.text()) ?? [], attempt]);
            if (attempt === 1) message!.nack({ delay: 5 });
            else if (++acked === messages.length) done.resolve();
          }, { retry: 3, workers: 4 });
          await done.promise;
          assertEquals([...attempts.values()], messages.map(() => [1, 2]));
        }),
      );
    }

    it(
      "has readers, which go from where they are told",
      test(async (place) => {
        const nats = await place.open();
        await place.publish(nats, ["one", "two"]);
        const texts: string[] = [];
        const done = Promise.withResolvers<void>();
        const consumption = await consume(nats, ([message]) => {
          if (texts.push(message!.text()) === 3) done.resolve();
        }, { topic: place.topic, from: "earliest" });
        await place.publish(nats, ["three"]);
        await done.promise;
        await consumption.close();
        assertEquals(texts, ["one", "two", "three"]);
      }),
    );

    it(
      "cannot compress, and says so",
      test(async (place) => {
        const { admin } = place.transport();
        await assertRejects(() => admin.create(place.topic, { compression: "s2" }), Error, "2.10");
      }),
    );

    it(
      "passes on what core NATS has",
      test(async (place) => {
        const core = natsCore({ servers: url });
        place.opened(() => core.close());
        const got = Promise.withResolvers<string>();
        const consumption = await consume(core, ([message]) => got.resolve(message!.text()), {
          topic: place.topic,
          group: "all",
        });
        await publisher(core).publish(place.topic, new Message("hello"));
        assertEquals(await got.promise, "hello");
        await consumption.close();
      }),
    );
  });
});
