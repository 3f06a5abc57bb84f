import type { Case } from "../case.ts";
import { demand, demandEqual } from "../failure.ts";
import { countTimers, openHandles } from "../handles.ts";
import { numbered } from "../samples.ts";

/** That nothing stays. */
export const LEAKS: readonly Case[] = [
  {
    name: "leaks: no timer and no handle is left after close",
    async run(world) {
      const before = openHandles();
      const timers = countTimers();
      try {
        await world.inner(async (inner) => {
          const topic = await inner.topic();
          const inbox = await inner.inbox(topic, {
            ...inner.member("all"),
            handle: (message) => message.attempt === 1 ? message.nack({ delay: 5 }) : message.ack(),
          });
          const messages = numbered(20, 3);
          const sent = inner.deliver(await inner.publisher(), topic, messages);
          await inbox.counts(2 * messages.length);
          await sent;
          // And once with something that waits for its turn when the end comes.
          const waiting = await inner.inbox(topic, {
            ...inner.member("waiting"),
            handle: (message) => message.nack({ delay: 60_000 }),
          });
          if (inner.traits.retained) await waiting.counts(1);
        });
        demandEqual(timers.running(), 0, "Timers that run after close");
      } finally {
        timers.stop();
      }
      // Sockets are gone a moment after their end.
      await world.silence();
      const after = openHandles();
      demand(after <= before, `${after} handles are open after close, ${before} were before`);
    },
  },
];
