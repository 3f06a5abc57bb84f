import type { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone } from "../failure.ts";
import { compareLogs } from "../logs.ts";
import { keyOrder, sharedOrder } from "../needs.ts";
import { numbered, ofKey, tellMissing } from "../samples.ts";
import { inTime } from "../watch.ts";
import type { World } from "../world.ts";

/** That messages of a key keep their order. */
export const ORDER: readonly Case[] = [
  {
    name: "order: messages of a key come in the order of their publishing, to all members together",
    needs: keyOrder,
    async run(world) {
      const topic = await world.topic();
      const isShared = world.traits.keyOrder === "group" && world.traits.groups;
      const inbox = await world.inbox(topic, {
        ...ordered(world),
        members: isShared ? world.count(10, 3) : 1,
      });
      const messages = numbered(world.count(1_000, 100), 16);
      const produced = await world.publish(await world.publisher(), topic, messages);
      await inbox.gets(messages);
      await world.silence();
      demandNone(compareLogs(produced, inbox.log, { ordered: true }), topic);
    },
  },
  {
    name: "order: the next of a key waits until the one before it is settled",
    needs: keyOrder,
    async run(world) {
      const topic = await world.topic();
      const held: Message[] = [];
      const watch = world.watch();
      const gate = world.gate();
      await world.consume(async ([message]) => {
        held.push(message!);
        watch.notify();
        if (held.length === 1) await gate.passed;
      }, { topic, ...ordered(world), workers: 2 });
      const messages = ofKey("one", 2);
      const sent = world.publish(await world.publisher(), topic, messages);
      await watch.until(() => held.length > 0, () => "The first message did not come");
      await world.silence();
      demand(held.length === 1, "The second message came before the first was settled");
      gate.open();
      await watch.until(() => held.length > 1, () => "The second message did not come");
      await sent;
      await world.silence();
      demandEqual(held.map(({ uuid }) => uuid), messages.map(({ uuid }) => uuid), "What came");
    },
  },
  {
    name: "order: the next of a key waits for the one before it, though another member is free",
    needs: sharedOrder,
    async run(world) {
      const topic = await world.topic();
      const held: string[] = [];
      const watch = world.watch();
      const gate = world.gate();
      // A member that has room for one leaves the other to who can take it.
      const options = { topic, ...ordered(world), workers: 1, prefetch: 1 };
      for (let member = 0; member < 2; member++) {
        await world.consume(async ([message]) => {
          held.push(message!.uuid);
          watch.notify();
          if (held.length === 1) await gate.passed;
        }, options);
      }
      const messages = ofKey("one", 2);
      await world.publish(await world.publisher(), topic, messages);
      await watch.until(() => held.length > 0, () => "The first message did not come");
      await world.silence();
      demand(
        held.length === 1,
        "Another member got the second message before the first was settled",
      );
      gate.open();
      await watch.until(() => held.length > 1, () => "The second message did not come");
      demandEqual(held, messages.map(({ uuid }) => uuid), "What came to the members");
    },
  },
  {
    name:
      "order: with 8 workers and failures a key keeps its order, and other keys overlap in time",
    needs: keyOrder,
    async run(world) {
      const topic = await world.topic();
      const done: string[] = [];
      const watch = world.watch();
      const meeting = Promise.withResolvers<void>();
      const inside = new Set<string>();
      const failed = new Set<string>();
      await world.consume(async ([message]) => {
        const { key, uuid, attempt } = message!;
        inside.add(key);
        if (inside.size > 1) meeting.resolve();
        // Nobody gets past this until two keys are inside at once.
        await inTime(meeting.promise, world.terms.deadline, "The meeting of two keys");
        if (attempt === 1 && done.length % 5 === 0 && !failed.has(uuid)) {
          failed.add(uuid);
          throw new Error("It fails at first");
        }
        done.push(uuid);
        watch.notify();
      }, { topic, ...ordered(world), workers: 8, prefetch: 64, retry: { delays: [1, 1, 1] } });
      const messages = numbered(world.count(800, 80), 8);
      const sent = world.deliver(await world.publisher(), topic, messages);
      await watch.until(
        () => new Set(done).size === messages.length,
        () => tellMissing(messages, done),
      );
      await world.silence();
      const consumed = done.map((id) => ({ id }));
      demandNone(compareLogs(await sent, consumed, { ordered: true }), topic);
    },
  },
];

/** The widest order that the transport keeps. */
function ordered(world: World) {
  const scope = world.traits.keyOrder === "group" ? "group" : "member";
  return { ...world.member("all"), ordered: { by: "key", scope } } as const;
}
