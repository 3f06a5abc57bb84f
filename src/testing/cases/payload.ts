import { PublishError } from "../../message/errors.ts";
import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone, failureOf } from "../failure.ts";
import { limit } from "../needs.ts";
import { allBytes, differences, isSame, numbered, pattern } from "../samples.ts";

const MEBIBYTE = 2 ** 20;

/** That bytes come as they went. */
export const PAYLOAD: readonly Case[] = [
  {
    name:
      "payload: none, every byte value, bytes that are no UTF-8, and large ones come as they are",
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const large = Math.min(MEBIBYTE, world.terms.maxPayload);
      const messages = [
        new Uint8Array(),
        allBytes(),
        new Uint8Array([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
        new TextEncoder().encode('{"total": 12.0}\r\n\0'),
        // A view into a larger buffer: what is around it does not belong to it.
        allBytes().subarray(100, 110),
        pattern(large),
      ].map((payload) => new Message(payload));
      await world.publish(await world.publisher(), topic, messages);
      await inbox.gets(messages);
      const sent = new Map(messages.map((message) => [message.uuid, message]));
      demandNone(inbox.seen.flatMap((got) => differences(sent.get(got.uuid)!, got)), topic);
    },
  },
  {
    name: "payload: the largest comes, one more byte is refused, and the connection goes on",
    needs: limit,
    async run(world) {
      const topic = await world.topic();
      const { maxPayload } = world.terms;
      const inbox = await world.inbox(topic, world.member("all"));
      const out = await world.publisher();
      const largest = new Message(pattern(maxPayload));
      demandEqual(
        (await world.publish(out, topic, [largest])).map(({ outcome }) => outcome),
        ["acked"],
        `What becomes of a payload of ${maxPayload} bytes`,
      );
      const what = `Publishing ${maxPayload + 1} bytes`;
      const publishing = out.publish(topic, new Message(pattern(maxPayload + 1)));
      const error = await failureOf(world.within(publishing, what), what);
      demand(error instanceof PublishError, `${what} must fail with a PublishError: ${error}`);
      demandEqual(error.failed[0]?.outcome, "rejected", "The outcome of what is too large");
      const after = numbered(1);
      await world.publish(out, topic, after);
      await inbox.gets([largest, ...after]);
      await world.silence();
      demand(inbox.seen.length === 2, `${inbox.seen.length} messages came, 2 were taken`);
    },
  },
  {
    name: "payload: the caller may use its buffer again when publish has resolved",
    async run(world) {
      const topic = await world.topic();
      const got: Uint8Array[] = [];
      const gate = world.gate();
      const inbox = await world.inbox(topic, {
        ...world.member("all"),
        // Looked at late: who shares the buffer has lost it by then.
        async handle(message) {
          if (world.traits.retained) await gate.passed;
          got.push(message.payload.slice());
          message.ack();
        },
      });
      const out = await world.publisher();
      const buffer = new Uint8Array(1_024);
      for (let round = 1; round <= 10; round++) {
        buffer.fill(round);
        await world.publish(out, topic, [new Message(buffer, { key: "one" })]);
        buffer.fill(0xff);
      }
      gate.open();
      await inbox.counts(10);
      const expected = Array.from({ length: 10 }, (_, at) => new Uint8Array(1_024).fill(at + 1));
      const missing = expected.filter((bytes) => !got.some((one) => isSame(one, bytes)));
      demand(missing.length === 0, `${missing.length} of 10 payloads were overwritten`);
    },
  },
];
