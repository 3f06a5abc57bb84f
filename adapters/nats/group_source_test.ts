import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { LaneLag } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { consumerOf } from "./names.ts";
import { take, TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("GroupSource", () => {
    it(
      "does not count what is given back that no handler has seen",
      test(async (place) => {
        const nats = await place.open({ lease: 60_000 });
        await place.publish(nats, ["one"]);
        const one = await place.source(nats);
        const [first] = await take(one, 1);
        await one.requeue!([{ delivery: first!, delay: 0, unstarted: true }]);
        const other = await place.source(nats);
        const [again] = await take(other, 1);
        assertEquals(again!.count, 1);
        await other.requeue!([{ delivery: again!, delay: 0, unstarted: true }]);
        const [third] = await take(one, 1);
        assertEquals(third!.count, 1);
        await one.requeue!([{ delivery: third!, delay: 0, unstarted: false }]);
        const [failed] = await take(other, 1);
        assertEquals(failed!.count, 2);
      }),
    );

    it(
      "takes back what it asked for when it is stopped, so that another member has it at once",
      test(async (place) => {
        const nats = await place.open({ lease: 60_000 });
        const host = new TestHost();
        const stopped = await place.source(nats, {}, host);
        const abort = new AbortController();
        const fetching = stopped.fetch!(16, () => false, abort.signal);
        abort.abort();
        assertEquals(await fetching, []);
        await stopped.stop!();
        await place.publish(nats, ["one", "two"]);
        const other = await place.source(nats);
        const deliveries = await take(other, 2);
        assertEquals(textsOf(deliveries), ["one", "two"]);
        assertEquals(deliveries.map(({ count }) => count), [1, 1]);
        assertEquals(host.admitted, []);
      }),
    );

    it(
      "hands over what comes after its fetch was interrupted",
      test(async (place) => {
        const nats = await place.open();
        const came = Promise.withResolvers<void>();
        const host = new TestHost();
        host.admit = (delivery) => {
          host.admitted.push(delivery);
          came.resolve();
        };
        const source = await place.source(nats, {}, host);
        const abort = new AbortController();
        const fetching = source.fetch!(16, () => false, abort.signal);
        abort.abort();
        await fetching;
        await place.publish(nats, ["late"]);
        await came.promise;
        assertEquals(textsOf(host.admitted), ["late"]);
      }),
    );

    it(
      "keeps the order of what comes again and what comes for the first time",
      test(async (place) => {
        const nats = await place.open({ lease: 60_000 });
        await place.publish(nats, ["one", "two"]);
        const source = await place.source(nats);
        const both = await take(source, 2);
        const back = both.map((delivery) => ({ delivery, delay: 0, unstarted: true }));
        await source.requeue!(back);
        await place.publish(nats, ["three"]);
        const deliveries = await take(await place.source(nats), 3);
        assertEquals(textsOf(deliveries), ["one", "two", "three"]);
      }),
    );

    it(
      "has one message of a partition under way, whoever asks, and leaves out paused ones",
      test(async (place) => {
        const nats = await place.open({ lease: 60_000, partitions: 2 });
        await place.publish(nats, ["one", "two"], "a");
        const source = await place.source(nats, { ordered: true });
        const [one] = await take(source, 1);
        const other = await place.source(nats, { ordered: true });
        const abort = new AbortController();
        const waiting = other.fetch!(16, () => false, abort.signal);
        await source.ack([one!]);
        const [two] = await waiting;
        assertEquals(textsOf([two!]), ["two"]);
        await other.ack([two!]);
        abort.abort();
        await place.publish(nats, ["three"], "a");
        const third = await place.source(nats, { ordered: true });
        const paused = await third.fetch!(16, ({ name }) => name === one!.lane.name, abort.signal);
        assertEquals(paused, []);
      }),
    );

    it(
      "makes consumers that never give up, and keep the order of partitions",
      test(async (place) => {
        const nats = await place.open({ partitions: 2, lease: 2_000 });
        await place.source(nats, { group: "a.b", ordered: true });
        for (const partition of [0, 1]) {
          const name = consumerOf("a.b", partition, 2);
          const { config } = await place.jsm.consumers.info(place.stream, name);
          assertEquals(
            [config.max_deliver, config.max_ack_pending, config.ack_wait],
            [-1, 1, 2e9],
          );
        }
        assertEquals(await nats.admin.removeGroup(place.topic, "a.b"), true);
        assertEquals(await nats.admin.removeGroup(place.topic, "a.b"), false);
      }),
    );

    it(
      "tells how far behind the group is",
      test(async (place) => {
        const nats = await place.open();
        const source = await place.source(nats);
        await place.publish(nats, ["one", "two"]);
        // The consumer hears of what is stored, and of acks, a moment after who has published or acked.
        const becomes = async (wanted: number) => {
          for (;;) {
            const [{ lane, lag }] = await source.lag!() as [LaneLag];
            assertEquals(lane, "");
            if (lag === wanted) return;
          }
        };
        await becomes(2);
        const [one] = await take(source, 1);
        await becomes(2);
        await source.ack([one!]);
        await becomes(1);
      }),
    );
  });
});
