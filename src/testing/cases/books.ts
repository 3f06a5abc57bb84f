import { fields } from "../../message/codec.ts";
import { Message } from "../../message/message.ts";
import type { Rec } from "../../message/rec.ts";
import type { HealthReporter, LaneLag } from "../../transport/capabilities.ts";
import type { Transport } from "../../transport/port.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone } from "../failure.ts";
import type { Hand } from "../hand.ts";
import { differences, numbered, ofKey } from "../samples.ts";
import type { World } from "../world.ts";

/** What a transport may tell of its topics; where it does, it must be true. */
export const BOOKS: readonly Case[] = [
  {
    name: "lag: counts what is published and not settled, fetched or not, lane by lane",
    run: (world) =>
      world.forEachRole(async (role) => {
        const topic = await world.topic();
        const hand = await world.hand(topic, role);
        if (hand.tap.lag === undefined) return;
        const began = Date.now();
        await checkLag(world, hand, 0, "before anything is published");
        const out = await world.publisher();
        await world.publish(out, topic, ofKey("one", 3));
        await checkLag(world, hand, 3, "of what nobody has fetched");
        const [first] = await hand.take(1);
        await checkLag(world, hand, 3, "while one is not settled");
        await hand.settle([first!]);
        const lanes = await checkLag(world, hand, 2, "when that is settled");
        for (let left = 2; left > 0; left--) await hand.settle(await hand.take(1));
        await checkLag(world, hand, 0, "when all are settled");
        const names = lanes.map(({ lane }) => lane);
        demandEqual(new Set(names).size, names.length, "How many lanes there are, of those named,");
        const isTimely = lanes.every((one) =>
          one.measuredAt >= began && one.measuredAt <= Date.now()
        );
        demand(isTimely, "A lag must say when it was measured, in milliseconds since 1970");
      }),
  },
  {
    name: "offset: names a record of a lane as no other, and the same to all who get it",
    async run(world) {
      const topic = await world.topic();
      const messages = numbered(10, 5);
      const hands: Hand[] = [];
      await world.forEachRole(async (role) => {
        const hand = await world.hand(topic, role);
        if (hand.tap.offset !== undefined) hands.push(hand);
      });
      if (hands.length === 0) return;
      await world.publish(await world.publisher(), topic, messages);
      const named: Map<string, string>[] = [];
      for (const hand of hands) {
        await hand.gets(messages, { settles: true });
        const { tap, deliveries } = hand;
        const names = deliveries.map((one) => `${one.lane.name}/${tap.offset!(one)}`);
        demandEqual(
          new Set(names).size,
          messages.length,
          "How many records have names of their own",
        );
        named.push(new Map(deliveries.map((one) => [one.rec.id, tap.offset!(one)])));
      }
      const [one, other = one] = named.map((names) => messages.map(({ uuid }) => names.get(uuid)));
      demandEqual(one, other, "What one who subscribes calls the records, and what another does,");
    },
  },
  {
    name: "peek: shows the first records of a topic whole, and consumes none",
    async run(world) {
      const transport = await world.connect();
      if (transport.peek === undefined) return;
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      await inbox.close();
      const messages = numbered(9, 3).map(({ key, uuid }) =>
        new Message(uuid, { key, uuid, metadata: { tenant: key } })
      );
      const out = await world.publisher();
      for (const message of messages) await world.publish(out, topic, [message]);
      for (const limit of [0, 4, 20]) {
        const recs = await transport.peek(topic, limit);
        const first = firstOf(messages, recs);
        demandEqual(
          recs.length,
          Math.min(limit, messages.length),
          `How many are the first ${limit}`,
        );
        const ids = recs.map(({ id }) => id);
        demandEqual(ids, first.map(({ uuid }) => uuid), "What is shown, by the order of each key,");
        demandNone(
          recs.flatMap((rec, at) => differences(first[at]!, fields.decode(rec, { topic }))),
          topic,
        );
      }
      const reader = await world.inbox(topic, world.member("all"));
      await reader.gets(messages);
    },
  },
  {
    name: "health: says that a broker is there, and rejects nothing",
    async run(world) {
      const transport: Transport & Partial<HealthReporter> = await world.connect();
      if (transport.health === undefined) return;
      const { ok, latencyMs } = await transport.health();
      demandEqual(ok, true, "Whether a broker is there that is");
      demand(latencyMs >= 0 && latencyMs < Infinity, `It must take a time: ${latencyMs} ms`);
      const asking = transport.health({ signal: AbortSignal.abort() });
      const answer = await asking.then(() => "an answer", (error) => `a rejection: ${error}`);
      demandEqual(answer, "an answer", "What comes of a question that is called off");
    },
  },
];

/** The messages that records of the same keys must be: the first of each key, in their order. */
function firstOf(messages: readonly Message[], recs: readonly Rec[]): Message[] {
  const left = Map.groupBy(messages, ({ key }) => key);
  return recs.flatMap(({ key }) => left.get(key)?.shift() ?? []);
}

/** Resolves with the lag of all lanes when they are so many records in all. */
async function checkLag(
  world: World,
  { tap }: Hand,
  count: number,
  when: string,
): Promise<readonly LaneLag[]> {
  const sumOf = (lanes: readonly LaneLag[]) => lanes.reduce((sum, { lag }) => sum + lag, 0);
  return await world.eventually(
    () => tap.lag!(),
    (lanes) => sumOf(lanes) === count,
    (lanes) => `The lag ${when} was ${sumOf(lanes)} and not ${count}`,
  );
}
