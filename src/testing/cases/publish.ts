import { fields } from "../../message/codec.ts";
import { PublishError } from "../../message/errors.ts";
import { Message } from "../../message/message.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, failureOf } from "../failure.ts";
import { limit, retained } from "../needs.ts";
import { numbered, pattern } from "../samples.ts";

/** That a publish says what became of it. */
export const PUBLISH: readonly Case[] = [
  {
    name: "publish: resolves only when the broker has it, so that it survives what comes next",
    needs: retained,
    async run(world) {
      const topic = await world.topic();
      const transport = await world.connect();
      const out = await world.publisher(transport);
      const messages = numbered(world.count(100, 20), 7);
      await world.within(out.publish(topic, messages), "Publishing");
      if (world.terms.restartBroker === undefined) await transport.close();
      else await world.terms.restartBroker();
      const inbox = await world.inbox(topic, world.member("all"));
      await inbox.gets(messages);
    },
  },
  {
    name: "publish: one message for two purposes is stored for both, though its id is the same",
    needs: retained,
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const sink = (await world.connect()).sink();
      world.opened(() => sink.close());
      const rec = fields.encode(new Message("again", { key: "one" }), { topic });
      const lane = sink.lane(topic, rec);
      for (const purpose of ["", ":replay:1"]) {
        const identity = `${topic}:${rec.id}${purpose}`;
        demandEqual(await sink.send(lane, [{ topic, rec, identity }]), [undefined], "What is told");
      }
      await inbox.counts(2);
      demandEqual(inbox.ids, [rec.id, rec.id], "What came");
    },
  },
  {
    name:
      "publish: of a call that fails in part, the messages that failed are named, all others come",
    needs: limit,
    async run(world) {
      const topic = await world.topic();
      const inbox = await world.inbox(topic, world.member("all"));
      const out = await world.publisher();
      const good = numbered(4);
      const bad = new Message(pattern(world.terms.maxPayload + 1));
      const messages = [good[0]!, good[1]!, bad, good[2]!, good[3]!];
      const what = "A call with a message that is too large";
      const error = await failureOf(world.within(out.publish(topic, messages), what), what);
      demand(error instanceof PublishError, `${what} must fail with a PublishError: ${error}`);
      const failed = error.failed.map(({ index, outcome }) => [index, outcome]);
      demandEqual(failed, [[2, "rejected"]], "What is named as failed");
      await inbox.gets(good);
      await world.silence();
      demand(inbox.seen.length === 4, `${inbox.seen.length} messages came, 4 were taken`);
    },
  },
];
