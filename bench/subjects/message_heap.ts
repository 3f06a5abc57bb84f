/**
 * Messages that are taken and not settled, loaded by the process that measures them.
 *
 * @module
 */
import type { MemoryBroker } from "../../src/memory/mod.ts";
import { consume, type Consumption } from "../../src/transport/mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { filledBroker, TOPIC } from "./messages.ts";
import { settled } from "./settled.ts";

/** How many are taken. */
export const MESSAGES = 20_000;

/** Takes all messages of a topic, and keeps them until the next round. */
export function takeMessages(workers: number): Work {
  let broker: MemoryBroker;
  let consumption: Consumption | undefined;
  let release = () => {};
  return {
    opsPerRound: MESSAGES,
    handledPerRound: workers,
    async prepare() {
      release();
      await consumption?.close();
      broker = await filledBroker(MESSAGES);
    },
    async run() {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      const handle = () => {
        note(1);
        return promise;
      };
      consumption = await consume(broker, handle, {
        topic: TOPIC,
        group: "keep",
        from: "earliest",
        prefetch: MESSAGES,
        workers,
      });
      await settled(workers);
      while (consumption.stats().inFlight < MESSAGES) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}
