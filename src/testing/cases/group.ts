import type { Message } from "../../message/message.ts";
import { scheduleMacrotask } from "../../runtime/macrotask.ts";
import type { Case } from "../case.ts";
import { demandEqual, demandNone } from "../failure.ts";
import { compareLogs, type Consumed, type Produced } from "../logs.ts";
import type { Hand } from "../hand.ts";
import { Kept } from "../kept.ts";
import { groups, takeover } from "../needs.ts";
import { chunked, numbered, tellMissing } from "../samples.ts";
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
    name:
      "group: what a member had that was killed comes to the survivor, what is prolonged does not",
    needs: takeover,
    async run(world) {
      // Its lease would end before that of the other.
      const kept = world.traits.lease > 0 ? await Kept.hold(world) : undefined;
      const topic = await world.topic();
      const messages = numbered(20, 5);
      const killed = await killMember(world, topic, messages);
      const survivor = await world.inbox(topic, world.member("all"));
      // Without leases the broker goes by the connection; with leases it has to find out by itself.
      if (world.traits.lease === 0) await killed.leave();
      await survivor.gets(messages);
      if (kept === undefined) return;
      const { deliveries, tap } = killed;
      const refused = await tap.extend!(deliveries);
      demandEqual(refused.length, deliveries.length, "How many leases of the killed are refused");
      await world.silence();
      const { refusals, came, isInTime } = await kept.end();
      if (!isInTime) return;
      demandEqual(refusals, 0, "How often a lease was refused that was prolonged in time");
      demandEqual(came, [], "What came to another while its lease was prolonged");
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
        // Where a lane has one owner, a free member could not get anything otherwise.
        if (world.traits.settle === "prefix") await guest.counts(1);
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
