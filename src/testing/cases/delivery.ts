import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demandEqual, demandNone } from "../failure.ts";
import { compareLogs } from "../logs.ts";
import { takeover } from "../needs.ts";
import { allBytes, chunked, differences, numbered, pattern } from "../samples.ts";

const MEBIBYTE = 2 ** 20;

/** That everything comes, whole, and again after a nack. */
export const DELIVERY: readonly Case[] = [
  {
    name: "delivery: what is published comes whole and once, and close ends the stream",
    async run(world) {
      const topic = await world.topic();
      const out = await world.publisher();
      const messages = [
        ...Array.from({ length: world.count(100, 20) }, (_, at) =>
          new Message(String(at), {
            key: `key ${at % 7} ü`,
            metadata: { test: `number ${at}`, place: "Öland 日本 🦀" },
            timestamp: new Date(1_700_000_000_000 + at * 1_000),
          })),
        new Message(""),
        new Message(allBytes()),
        new Message(pattern(Math.min(MEBIBYTE, world.terms.maxPayload))),
      ];
      // Where nothing is kept, the reader must be there first.
      const early = world.traits.retained
        ? undefined
        : await world.inbox(topic, world.member("all"));
      const produced = await world.publish(out, topic, messages);
      const inbox = early ?? await world.inbox(topic, world.member("all"));
      await inbox.gets(messages);
      await world.silence();
      demandNone(compareLogs(produced, inbox.log), topic);
      const sent = new Map(messages.map((message) => [message.uuid, message]));
      demandNone(inbox.seen.flatMap((got) => differences(sent.get(got.uuid)!, got)), topic);
      await inbox.close();
      await world.within(inbox.ended, "The end of a closed stream");
    },
  },
  {
    name: "delivery: many publishers and members, each message comes to one of them",
    async run(world) {
      const topic = await world.topic();
      const members = world.traits.groups ? world.count(10, 3) : 1;
      const inbox = await world.inbox(topic, { ...world.member("all"), members });
      const messages = numbered(world.count(5_000, 200), 13);
      const parts = chunked(messages, Math.ceil(messages.length / world.count(50, 10)));
      const out = await Promise.all(parts.map(() => world.publisher()));
      const logs = await Promise.all(parts.map(async (part, at) => {
        const single = part.slice(0, 5).map((one) => world.publish(out[at]!, topic, [one]));
        return (await Promise.all([...single, world.publish(out[at]!, topic, part.slice(5))]))
          .flat();
      }));
      await inbox.gets(messages);
      await world.silence();
      demandNone(compareLogs(logs.flat(), inbox.log), topic);
    },
  },
  {
    name: "delivery: what is nacked comes again, and nothing else does",
    async run(world) {
      const topic = await world.topic();
      const refused = new Set<string>();
      const inbox = await world.inbox(topic, {
        ...world.member("all"),
        handle(message) {
          if (refused.size === 2 || refused.has(message.uuid)) return message.ack();
          refused.add(message.uuid);
          return message.nack({ delay: 0 });
        },
      });
      const messages = numbered(world.count(100, 20), 5);
      await world.deliver(await world.publisher(), topic, messages);
      await inbox.counts(messages.length + 2);
      await inbox.gets(messages);
      await world.silence();
      const calls = new Map<string, number>();
      for (const id of inbox.ids) calls.set(id, (calls.get(id) ?? 0) + 1);
      const twice = [...calls].filter(([, count]) => count > 1);
      demandEqual(twice.sort(), [...refused].map((id) => [id, 2]).sort(), "What came again");
    },
  },
  {
    name: "delivery: after every nack comes another delivery, across members that close",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const first = await world.inbox(topic, world.member("all"));
      await first.close();
      const messages = numbered(world.count(50, 10), 7);
      await world.publish(await world.publisher(), topic, messages);
      // More than there are messages: some of them must come again to the same member.
      const nacks = 2 * messages.length;
      for (let member = 0; member < world.count(3, 1); member++) {
        const inbox = await world.inbox(topic, {
          ...world.member("all"),
          handle: (message) => message.nack({ delay: 0 }),
        });
        await inbox.counts(nacks);
        await inbox.close();
      }
      const last = await world.inbox(topic, world.member("all"));
      await last.gets(messages);
      await world.silence();
      const produced = messages.map(({ uuid }) => ({ id: uuid, outcome: "acked" as const }));
      demandNone(compareLogs(produced, last.log), topic);
    },
  },
];
