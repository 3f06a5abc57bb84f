import type { Message } from "../../message/message.ts";
import { scheduleMacrotask } from "../../runtime/macrotask.ts";
import type { Case } from "../case.ts";
import { demandEqual, demandNone } from "../failure.ts";
import { compareLogs, type Consumed, type Produced } from "../logs.ts";
import type { Hand } from "../hand.ts";
import { groups, leases, takeover } from "../needs.ts";
import { chunked, numbered, tellMissing } from "../samples.ts";
import { pause } from "../watch.ts";
import type { World } from "../world.ts";

/** That members share, and groups do not. */
export const GROUP: readonly Case[] = [
  {
    name: "group: each group gets everything, from when it was there first",
    needs: groups,
    async run(world) {
      const topic = await world.topic();
      const names = ["one", "other"];
      const stays = !world.traits.retained;
      const early = await Promise.all(names.map((name) => world.inbox(topic, { group: name })));
      // A group keeps its place while nobody is in it.
      if (!stays) await Promise.all(early.map((inbox) => inbox.close()));
      const messages = numbered(50, 7);
      const produced = await world.publish(await world.publisher(), topic, messages);
      const inboxes = stays
        ? early
        : await Promise.all(names.map((name) => world.inbox(topic, { group: name })));
      await Promise.all(inboxes.map((inbox) => inbox.gets(messages)));
      await world.silence();
      for (const inbox of inboxes) demandNone(compareLogs(produced, inbox.log), topic);
    },
  },
  {
    name: "group: what a member had that was killed comes to the survivor",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const messages = numbered(20, 5);
      const killed = await killMember(world, topic, messages);
      const survivor = await world.inbox(topic, world.member("all"));
      // Without leases the broker goes by the connection; with leases it has to find out by itself.
      if (world.traits.lease === 0) await killed.leave();
      await survivor.gets(messages);
    },
  },
  {
    name: "group: what a member has stays its own as long as its lease is prolonged, and no longer",
    needs: leases,
    async run(world) {
      const [kept, left] = await Promise.all([0, 1].map(async () => {
        const topic = await world.topic();
        return { topic, hand: await world.hand(topic, world.member("all")) };
      }));
      const out = await world.publisher();
      const since = performance.now();
      await world.publish(out, kept!.topic, numbered(1));
      const [ours] = await kept!.hand.take(1);
      const prolonging = prolong(world, kept!.hand, since);
      // Its lease ends after that of the other would have ended.
      const messages = numbered(1);
      await world.publish(out, left!.topic, messages);
      const [lost] = await left!.hand.take(1);
      const [rival, survivor] = await Promise.all(
        [kept!, left!].map(({ topic }) => world.inbox(topic, world.member("all"))),
      );
      await survivor!.gets(messages);
      await world.silence();
      const { refused, isInTime } = await prolonging.end();
      // Where lanes have owners, it may be that its lane was given away with all that is in it.
      if (isInTime && !ours!.lane.fenced) {
        demandEqual(refused, 0, "How often a right was refused that was prolonged in time");
        demandEqual(rival!.ids, [], "What others got while a right to it was prolonged");
      }
      const gone = await left!.hand.tap.extend!([lost!]);
      demandEqual(gone.length, 1, "How many rights are refused that somebody else has by now");
    },
  },
  {
    name:
      "group: a lane that is taken away brings nothing more, and is another when it comes again",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const hand = await world.hand(topic, world.member("all"));
      const out = await world.publisher();
      const parts = [numbered(40, 16), numbered(40, 16), numbered(40, 16)] as const;
      await world.publish(out, topic, parts[0]);
      await hand.gets(parts[0], { settles: true });
      const share = async () => {
        const guest = await world.inbox(topic, world.member("all"));
        await world.publish(out, topic, parts[1]);
        await world.eventually(
          () => [...hand.ids, ...guest.ids],
          (came) => parts[1].every(({ uuid }) => came.includes(uuid)),
          (came) => `To one of two members, ${tellMissing(parts[1], came)}`,
        );
        await guest.close();
      };
      await hand.idle(share, { settles: true });
      await world.publish(out, topic, parts[2]);
      await hand.gets(parts[2], { settles: true });
      demandEqual(hand.late.length, 0, "What came of lanes that had been taken away");
    },
  },
  {
    name: "group: members that join and leave under load lose nothing",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const consumed: Consumed[] = [];
      const ids = new Set<string>();
      const watch = world.watch();
      const join = () =>
        world.inbox(topic, {
          ...world.member("all"),
          async handle(message) {
            // So that who leaves has something that it has not handled.
            await new Promise<void>(scheduleMacrotask);
            message.ack();
            consumed.push({ id: message.uuid });
            ids.add(message.uuid);
            watch.notify();
          },
        });
      const stays = await join();
      const out = await world.publisher();
      const messages = numbered(world.count(5_000, 200), 16);
      const parts = chunked(messages, messages.length / world.count(20, 8));
      const produced: Produced[] = [];
      let guest = await join();
      for (const [at, part] of parts.entries()) {
        const publishing = world.publish(out, topic, part);
        if (at % 2 === 0) await guest.close();
        else guest = await join();
        produced.push(...await publishing);
      }
      await watch.until(() => ids.size >= messages.length, () => tellMissing(messages, ids));
      await stays.close();
      await world.silence();
      demandNone(compareLogs(produced, consumed), topic);
    },
  },
];

/** Publishes messages to a member of the group "all" that is killed when it has some of them. */
export async function killMember(
  world: World,
  topic: string,
  messages: readonly Message[],
): Promise<Hand> {
  const hand = await world.hand(topic, world.member("all"));
  await world.publish(await world.publisher(), topic, messages);
  await hand.take(1);
  return hand;
}

/** How often a lease was refused, and whether each was prolonged before it ended: a busy machine may be late. */
interface Prolonged {
  readonly refused: number;
  readonly isInTime: boolean;
}

/** Prolongs the leases of all that a hand has had since a time; what it returns ends that. */
function prolong(
  world: World,
  { deliveries, tap }: Hand,
  since: number,
): { end(): Promise<Prolonged> } {
  const { lease } = world.traits;
  let last = since;
  let refused = 0;
  let isInTime = true;
  let isOver = false;
  const isLate = () => performance.now() - last >= lease;
  const prolonging = (async () => {
    while (!isOver) {
      const began = performance.now();
      refused += (await tap.extend!(deliveries)).length;
      isInTime &&= !isLate();
      last = began;
      await pause(lease / 4);
    }
  })();
  prolonging.catch(() => {});
  const end = async () => {
    isOver = true;
    await prolonging;
    return { refused, isInTime: isInTime && !isLate() };
  };
  world.opened(end);
  return { end };
}
