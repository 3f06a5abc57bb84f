import type { Delivery, Source, SourceSpec } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { TestHost } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** A host that resolves when so many deliveries have come. */
class CountingHost extends TestHost {
  readonly #waiting: [count: number, resolve: () => void][] = [];

  override admit(delivery: Delivery): void {
    super.admit(delivery);
    for (const [count, resolve] of this.#waiting) if (this.admitted.length >= count) resolve();
  }

  async gets(count: number): Promise<readonly Delivery[]> {
    if (this.admitted.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push([count, resolve]));
    }
    return this.admitted;
  }
}

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("A reader of JetStream", () => {
    for (const partitions of [1, 4]) {
      it(
        `tells how many messages it has not settled, of ${partitions} partitions`,
        test(async (place) => {
          const nats = await place.open({ partitions });
          const open = async (from: SourceSpec["from"]) => {
            const host = new CountingHost();
            const { topic } = place;
            const spec = { topic, from, prefetch: 16, ordered: false };
            const source = await nats.source(spec, host);
            place.opened(() => source.close());
            return [source, host] as const;
          };
          await place.publish(nats, ["one", "two", "three"]);
          const [all, host] = await open("earliest");
          const [since] = await open(new Date(0));
          const [none, later] = await open("latest");
          const lags = () => Promise.all([all, since, none].map(lagOf));
          assertEquals(await lags(), [3, 3, 0]);
          await place.publish(nats, ["four", "five"]);
          const came = await host.gets(5);
          await later.gets(2);
          assertEquals(await lags(), [5, 5, 2], "what is with a handler is not settled");
          await all.ack([came[2]!]);
          assertEquals(await lags(), [2, 5, 2]);
          await all.ack([came[4]!]);
          assertEquals(await lags(), [0, 5, 2]);
        }),
      );
    }

    it(
      "counts of a stream of somebody else only what is of its topic, and leaves nothing behind",
      test(async (place) => {
        const { topic } = place;
        const subjects = [topic, `${topic}.other`];
        await place.jsm.streams.add({ name: place.stream, subjects });
        place.opened(() => place.jsm.streams.delete(place.stream));
        const nats = place.transport();
        for (const subject of [...subjects, topic]) {
          place.client.publish(subject, new Uint8Array(1));
        }
        await place.client.flush();
        const source = await nats.source(
          { topic, from: "earliest", prefetch: 16, ordered: false },
          new TestHost(),
        );
        assertEquals(await lagOf(source), 2);
        await source.close();
        const { state } = await place.jsm.streams.info(place.stream);
        assertEquals([state.messages, state.consumer_count], [3, 0]);
      }),
    );
  });
});

async function lagOf(source: Source): Promise<number> {
  const lanes = await source.lag!();
  assertEquals(lanes.map(({ lane }) => lane), [""]);
  return lanes[0]!.lag;
}
