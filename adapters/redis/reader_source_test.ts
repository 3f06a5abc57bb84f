import type { Source } from "@beat/beat/transport";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { take } from "../../tests/_services/test_host.ts";
import { workplace } from "./testdata/workplace.ts";

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  describe("A reader of a stream", () => {
    it(
      "tells how many entries it has not settled, from the first and from the last on",
      workplace(url, async (place) => {
        const transport = place.transport();
        const { topic } = place;
        const open = (from: "earliest" | "latest") =>
          place.source(transport, { topic, from, prefetch: 16, ordered: false });
        const early = await open("latest");
        assertEquals(await lagOf(early), 0, "there is no stream yet");
        await place.publish(transport, ["one", "two", "three"]);
        const [all, none] = [await open("earliest"), await open("latest")];
        const lags = () => Promise.all([early, all, none].map(lagOf));
        assertEquals(await lags(), [3, 3, 0]);
        await place.publish(transport, ["four", "five"]);
        assertEquals(await lags(), [5, 5, 2]);
        const taken = await take(all, 3);
        assertEquals(await lags(), [5, 5, 2], "what is with a handler is not settled");
        await all.ack([taken[1]!]);
        assertEquals(await lags(), [5, 3, 2]);
        await take(none, 2);
        await all.ack(await take(all, 2));
        assertEquals(await lags(), [5, 0, 2]);
      }),
    );

    it(
      "tells it by lane, and goes on counting when its connection is made anew",
      workplace(url, async (place) => {
        const transport = place.transport({ partitions: 2 });
        const { topic } = place;
        const spec = { topic, from: "earliest", prefetch: 16, ordered: false } as const;
        const first = await place.source(transport, spec);
        const texts = Array.from({ length: 9 }, (_, at) => String(at));
        await place.publish(transport, texts, "a key");
        const lanes = await first.lag!();
        assertEquals(lanes.map(({ lane }) => lane).sort(), ["0", "1"]);
        assertEquals(lanes.map(({ lag }) => lag).sort(), [0, 9]);
        await first.ack(await take(first, 4));
        await first.close();
        const second = await place.source(transport, spec);
        const sum = async () => (await second.lag!()).reduce((all, { lag }) => all + lag, 0);
        // Between its ends the server counts nothing: what there is is the most.
        assert(await sum() >= 5 && await sum() <= 9);
        await take(second, 5);
        assertEquals(await sum(), 5);
      }),
    );

    it(
      "does not wait for what was removed before it was read",
      workplace(url, async (place) => {
        const transport = place.transport();
        const { topic } = place;
        await place.publish(transport, Array.from({ length: 10 }, (_, at) => String(at)));
        const spec = { topic, from: "earliest", prefetch: 16, ordered: false } as const;
        const source = await place.source(transport, spec);
        await source.ack(await take(source, 2));
        assertEquals(await lagOf(source), 8);
        await place.redis.xtrim(topic, "MAXLEN", 3);
        assertEquals(await lagOf(source), 3);
        await source.ack(await take(source, 1));
        assertEquals(await lagOf(source), 2);
        await source.ack(await take(source, 2));
        assertEquals(await lagOf(source), 0);
        await place.publish(transport, ["more"]);
        assertEquals(await lagOf(source), 1);
      }),
    );
  });
});

async function lagOf(source: Source): Promise<number> {
  const lanes = await source.lag!();
  assertEquals(lanes.map(({ lane }) => lane), [""]);
  return lanes[0]!.lag;
}
