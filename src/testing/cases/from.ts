import type { StartPosition } from "../../message/contracts.ts";
import type { Case } from "../case.ts";
import { demandEqual, demandNone } from "../failure.ts";
import { compareLogs } from "../logs.ts";
import { all, groups, restart, retained } from "../needs.ts";
import { numbered, ofKey } from "../samples.ts";
import type { Start, World } from "../world.ts";

const HOUR = 3_600_000;

/** Where a subscription begins, and where it goes on. */
export const FROM: readonly Case[] = [
  {
    name:
      "from: the latest is all that is published when a subscription is live, and nothing before",
    async run(world) {
      await world.forEachRole(async (role) => {
        const topic = await world.topic();
        const out = await world.publisher();
        // Where nothing is kept, it may be that nobody takes what nobody reads.
        if (world.traits.retained) await world.publish(out, topic, numbered(5, 3));
        const inbox = await world.inbox(topic, { ...role, from: "latest" });
        const messages = numbered(5, 3);
        const produced = await world.publish(out, topic, messages);
        await inbox.gets(messages);
        await world.silence();
        demandNone(compareLogs(produced, inbox.log), topic);
      });
    },
  },
  {
    name: "from: a time is all that is published from then on, and everything if it is long ago",
    needs: retained,
    async run(world) {
      await world.forEachRole(async (role) => {
        const topic = await world.topic();
        const out = await world.publisher();
        const before = numbered(5, 3);
        await world.publish(out, topic, before);
        // The broker may go by a clock of its own.
        await world.silence();
        const since = new Date();
        await world.silence();
        const after = numbered(5, 3);
        const produced = await world.publish(out, topic, after);
        const inbox = await world.inbox(topic, { ...role, from: since });
        const second = role.group === undefined ? {} : { group: "second" };
        const whole = await world.inbox(topic, { ...second, from: new Date(0) });
        const later = numbered(5, 3);
        produced.push(...await world.publish(out, topic, later));
        await inbox.gets([...after, ...later]);
        await whole.gets([...before, ...after, ...later]);
        await world.silence();
        demandNone(compareLogs(produced, inbox.log), topic);
      });
    },
  },
  {
    name: "from: a group that was there goes on where it was, wherever it is asked to begin",
    needs: all(groups, retained),
    async run(world) {
      const topic = await world.topic();
      const out = await world.publisher();
      const join = (from: StartPosition) => world.inbox(topic, { group: "all", from });
      let inbox = await join("latest");
      for (const from of ["latest", "earliest", new Date(Date.now() + HOUR)] as const) {
        await inbox.close();
        const messages = numbered(5, 3);
        const produced = await world.publish(out, topic, messages);
        inbox = await join(from);
        await inbox.gets(messages);
        await world.silence();
        demandNone(compareLogs(produced, inbox.log), topic);
      }
    },
  },
  {
    name: "from: whose connection was lost goes on after what it had settled",
    // Where nothing can be lost nobody subscribes anew.
    needs: all(retained, restart),
    async run(world) {
      await world.forEachRole(async (role) => {
        await checkRenewal(world, { ...role, from: "latest" });
        await checkRenewal(world, { ...role, from: "earliest" });
      });
    },
  },
];

/** Subscribes anew for the same subscription, as the engine does when a connection is lost. */
async function checkRenewal(world: World, start: Start): Promise<void> {
  const topic = await world.topic();
  const out = await world.publisher();
  const hand = await world.hand(topic, start);
  const [first, next] = ofKey("one", 2);
  await world.publish(out, topic, [first!]);
  await hand.settle(await hand.take(1));
  await hand.renew(() => world.publish(out, topic, [next!]));
  await hand.take(1);
  demandEqual(
    hand.ids,
    [first!.uuid, next!.uuid],
    "What came before and after the connection was lost",
  );
}
