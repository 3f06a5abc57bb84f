import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { Child } from "../../tests/faults/child.ts";
import { readKeyOrder } from "../../tests/faults/key_order.ts";
import { withService } from "../../tests/_services/mod.ts";
import { textOf } from "../../tests/_services/test_host.ts";
import { joinGroup, PARTITIONS } from "./testdata/logging_member.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

const KEYS = Array.from({ length: 16 }, (_, at) => `key-${at}`);
const ROUNDS = 12;
/** Longer than a busy machine may stop: who stands still for longer may be late with what it does. */
const LEASE = 4_000;

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("the order of keys on JetStream", () => {
    it(
      "holds in a group of two processes, one of which is killed",
      test(async (place) => {
        const nats = await place.open({ partitions: PARTITIONS });
        const log = `${place.topic}.log`;
        await nats.admin.create(log, { partitions: 1, persistence: "ephemeral" });
        place.opened(() => nats.admin.remove(log));
        const out = publisher(nats);
        const publish = async (from: number, to: number) => {
          for (let round = from; round < to; round++) {
            await out.publish(topic, KEYS.map((key) => new Message(String(round), { key })));
          }
        };
        const { topic } = place;
        const script = new URL("./testdata/logging_process.ts", import.meta.url);
        const child = new Child(script, [url, topic, log, String(LEASE)]);
        place.opened(() => child.kill());
        await publish(0, ROUNDS / 2);
        await child.says("handled 9;");
        const member = await joinGroup({ url, topic, log, lease: LEASE });
        await publish(ROUNDS / 2, ROUNDS);
        await child.kill();
        while ((await member.consumption.lag()).some(({ lag }) => lag > 0));
        await member.consumption.close();
        await member.transport.close();
        const handled = (await nats.peek(log, Infinity)).map((rec) =>
          [rec.key, Number(textOf(rec))] as const
        );
        const { faults, last } = readKeyOrder(handled);
        assertEquals(faults, []);
        assertEquals(last, new Map(KEYS.map((key) => [key, ROUNDS - 1])));
      }),
    );

    it(
      "is refused where there is one consumer",
      test(async (place) => {
        const nats = await place.open();
        await assertRejects(
          () => place.source(nats, { ordered: true }),
          RangeError,
          "needs a topic with partitions: it has 1",
        );
      }),
    );
  });
});
