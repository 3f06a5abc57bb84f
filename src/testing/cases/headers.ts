import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand, demandNone, failureOf } from "../failure.ts";
import { differences, numbered } from "../samples.ts";

/** That metadata come as they went. */
export const HEADERS: readonly Case[] = [
  {
    name:
      "headers: empty values, any text, 100 names, and names that differ in case come as they are",
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const hundred = Array.from(
        { length: 100 },
        (_, at) => [`name-${at}`, `value ${at}`] as const,
      );
      const messages = [
        new Message("", { metadata: { empty: "" } }),
        new Message("", { metadata: { text: "ä 日本語 🦀 \\u00ff %41 =?utf-8?q?x?= \t\"';," } }),
        new Message("", { metadata: { spaces: "  before and after  " } }),
        new Message("", { metadata: { tenant: "lower", Tenant: "upper", "x.y_z-0": "signs" } }),
        new Message("", { metadata: [["__proto__", "a"], ["constructor", "b"]] }),
        new Message("", { metadata: hundred }),
      ];
      await world.publish(await world.publisher(), topic, messages);
      await inbox.gets(messages);
      const sent = new Map(messages.map((message) => [message.uuid, message]));
      demandNone(inbox.seen.flatMap((got) => differences(sent.get(got.uuid)!, got)), topic);
    },
  },
  {
    name: "headers: ends of lines are refused, and the connection goes on",
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const out = await world.publisher();
      for (const value of ["a\r\nb: c", "a\nb", "a\rb", "a\0b"]) {
        const message = new Message("", { metadata: { line: value } });
        const what = `Publishing metadata ${JSON.stringify(value)}`;
        const error = await failureOf(world.within(out.publish(topic, message), what), what);
        demand(error instanceof RangeError, `${what} must be refused by a RangeError: ${error}`);
      }
      const good = numbered(1);
      await world.publish(out, topic, good);
      await inbox.gets(good);
      await world.silence();
      demand(inbox.seen.length === 1, `${inbox.seen.length} messages came, 1 was taken`);
    },
  },
];
