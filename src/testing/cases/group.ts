import type { Message } from "../../message/message.ts";
import { scheduleMacrotask } from "../../runtime/macrotask.ts";
import type { Case } from "../case.ts";
import { demandNone } from "../failure.ts";
import { compareLogs, type Consumed, type Produced } from "../logs.ts";
import { groups, takeover } from "../needs.ts";
import { chunked, numbered, tellMissing } from "../samples.ts";
import type { World } from "../world.ts";
import { Zombie } from "../zombie.ts";

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
      const zombie = await killMember(world, topic, messages);
      const survivor = await world.inbox(topic, world.member("all"));
      // Without leases the broker goes by the connection; with leases it has to find out by itself.
      if (world.traits.lease === 0) await zombie.leave();
      await survivor.gets(messages);
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
): Promise<Zombie> {
  const zombie = new Zombie(await world.connect());
  const { taken } = await world.within(zombie.join(topic, "all"), "Subscribing");
  world.opened(() => zombie.leave());
  await world.publish(await world.publisher(), topic, messages);
  await world.within(taken, "A delivery to the member that is killed");
  return zombie;
}
