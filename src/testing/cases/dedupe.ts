import { Message } from "../../message/message.ts";
import type { Store } from "../../message/store.ts";
import { deduplicate } from "../../middleware/deduplicate.ts";
import { memoryStore } from "../../middleware/memory_store.ts";
import type { Router } from "../../router/router.ts";
import type { Case } from "../case.ts";
import { demandEqual } from "../failure.ts";
import { takeover } from "../needs.ts";
import { override } from "../probes.ts";
import type { World } from "../world.ts";

/** Milliseconds for which a claim is held whose holder is gone. */
const LEASE = 200;

/** That deduplicating neither loses nor repeats. */
export const DEDUPE: readonly Case[] = [
  {
    name: "dedupe: a handler that fails is called again when its message comes again",
    async run(world) {
      const topic = await world.topic();
      const calls: number[] = [];
      const watch = world.watch();
      await start(world, topic, memoryStore(), (message) => {
        calls.push(message.attempt);
        watch.notify();
        if (calls.length === 1) throw new Error("It fails at first");
      });
      const sent = world.deliver(await world.publisher(), topic, [new Message("once")]);
      await watch.until(
        () => calls.length === 2,
        () =>
          calls.length === 0 ? "'once' did not come" : "'once', which failed, did not come again",
      );
      await sent;
      await world.silence();
      demandEqual(calls, [1, 2], "The attempts that the handler saw");
    },
  },
  {
    name: "dedupe: the same message published twice is handled once",
    async run(world) {
      const topic = await world.topic();
      const calls: string[] = [];
      const watch = world.watch();
      await start(world, topic, memoryStore(), (message) => {
        calls.push(message.text());
        watch.notify();
      });
      const out = await world.publisher();
      const message = new Message("twice");
      const last = new Message("last");
      for (const one of [message, message, last]) await world.publish(out, topic, [one]);
      const missing = () => ["twice", "last"].find((text) => !calls.includes(text));
      await watch.until(() => missing() === undefined, () => `'${missing()}' did not come`);
      await world.silence();
      demandEqual([...calls].sort(), ["last", "twice"], "What was handled");
    },
  },
  {
    name: "dedupe: a crash between the effect and its mark costs one more call and no message",
    needs: takeover,
    async run(world) {
      const topic = await world.topic();
      const store = memoryStore();
      const calls: string[] = [];
      const marking = Promise.withResolvers<void>();
      const never = new Promise<never>(() => {});
      const crashing = override<Store>(store, {
        done() {
          marking.resolve();
          return never;
        },
      });
      const first = await start(world, topic, crashing, () => void calls.push("first"));
      await world.publish(await world.publisher(), topic, [new Message("once")]);
      await world.within(marking.promise, "The mark after the handler");
      await first.close({ timeout: 0 }).catch(() => {});
      const watch = world.watch();
      await start(world, topic, store, () => {
        calls.push("second");
        watch.notify();
      });
      await watch.until(() => calls.length === 2, () => "'once', never marked, did not come again");
      await world.silence();
      demandEqual(calls, ["first", "second"], "The calls");
    },
  },
];

/** A router with one handler that deduplicates. */
async function start(
  world: World,
  topic: string,
  store: Store,
  handle: (message: Message) => void,
): Promise<Router> {
  const router = world.router();
  const { group = null, from = "latest" } = world.member("all");
  router.on("all", topic, await world.subscriber(), handle)
    .group(group)
    .from(from)
    .retry({ delays: new Array(20).fill(LEASE / 4) })
    .addMiddleware(deduplicate({ store, lease: LEASE }));
  const ended = router.run();
  ended.catch(() => {});
  world.opened(() => router.close({ timeout: 0 }).catch(() => {}));
  await world.within(router.running, "The start of a router");
  return router;
}
