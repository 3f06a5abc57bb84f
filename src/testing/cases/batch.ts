import type { Work } from "../../message/handler.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, demandNone } from "../failure.ts";
import { compareLogs } from "../logs.ts";
import { numbered, tellMissing } from "../samples.ts";

/** That batches are as good as single messages. */
export const BATCH: readonly Case[] = [
  {
    name: "batch: of a batch that is acked in part only the rest comes again",
    async run(world) {
      const topic = await world.topic();
      const calls = new Map<string, number>();
      const refused = new Set<string>();
      const watch = world.watch();
      let batches = 0;
      await world.consume((batch) => {
        for (const { uuid } of batch) calls.set(uuid, (calls.get(uuid) ?? 0) + 1);
        // What is left open by a handler that returns is acked.
        if (batches++ === 0) {
          for (const message of batch.slice(batch.length / 2)) {
            refused.add(message.uuid);
            message.nack({ delay: 0 });
          }
        }
        watch.notify();
      }, { topic, ...world.member("all"), batch: { size: 10, maxWait: 50 }, retry: 2 });
      const messages = numbered(10, 3);
      const sent = world.deliver(await world.publisher(), topic, messages);
      const expected = () => messages.map(({ uuid }) => [uuid, refused.has(uuid) ? 2 : 1] as const);
      await watch.until(
        () => refused.size > 0 && expected().every(([id, count]) => (calls.get(id) ?? 0) >= count),
        () => {
          const late = expected().find(([id, count]) => (calls.get(id) ?? 0) < count);
          return `'${late?.[0]}' was handled less often than ${late?.[1] ?? 1} times`;
        },
      );
      await sent;
      await world.silence();
      demandEqual([...calls].sort(), expected().sort(), "How often each message was handled");
    },
  },
  {
    name: "batch: a middleware sees every batch, and they hold everything once",
    async run(world) {
      const topic = await world.topic();
      const router = world.router();
      const works: Work[] = [];
      const handled: string[] = [];
      const watch = world.watch();
      router.use((next) => (work) => {
        works.push(work);
        return next(work);
      });
      const { group = null, from = "latest" } = world.member("all");
      router.onBatch("all", topic, await world.subscriber(), (messages) => {
        for (const { uuid } of messages) handled.push(uuid);
        watch.notify();
      }).group(group).from(from).batch({ size: 10, maxWait: 20 });
      const ended = router.run();
      world.opened(() => Promise.all([router.close(), ended]));
      await world.within(router.running, "The start of the router");
      const messages = numbered(world.count(100, 45), 3);
      const produced = await world.publish(await world.publisher(), topic, messages);
      await watch.until(
        () => new Set(handled).size === messages.length,
        () => tellMissing(messages, handled),
      );
      await world.silence();
      demandNone(compareLogs(produced, handled.map((id) => ({ id }))), topic);
      demand(works.every(({ batch }) => batch), "Each work must say that it is a batch");
      demand(works.every(({ messages }) => messages.length <= 10), "A batch must be of 10 at most");
      const through = works.flatMap(({ messages }) => messages.map(({ uuid }) => uuid));
      demandEqual(through, handled, "What the middleware saw");
    },
  },
];
