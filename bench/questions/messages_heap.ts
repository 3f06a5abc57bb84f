/**
 * How much memory does a message hold that was taken and is not settled?
 *
 * @module
 */
import type { Question, Work } from "../harness/types.ts";
import type { MemoryBroker } from "../../src/memory/mod.ts";
import { consume, type Consumption } from "../../src/transport/mod.ts";
import { note } from "../subjects/handlers.ts";
import { filledBroker, TOPIC, useMessages } from "../subjects/messages.ts";
import { settled } from "../subjects/settled.ts";
import { ours } from "../subjects/subject.ts";

const MESSAGES = 20_000;

/** Takes all messages of a topic, and keeps them until the next round. */
function taken(workers: number): () => Work {
  return () => {
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
  };
}

/** Bytes of a message in flight. */
export const messagesHeapQuestion: Question = {
  id: "messages_heap",
  title: "Heap of a message that was taken and is not settled",
  measure: "live",
  states: ["used"],
  cases: [{
    name: "64 bytes from memory, which holds the payload",
    subjects: [
      ours("queued in the engine", taken(1), { use: useMessages }),
      ours("in a handler that waits", taken(MESSAGES), { use: useMessages }),
    ],
  }],
  notes: [
    "Growth of V8's heap after a full collection ÷ messages; what the broker holds is not in it.",
  ],
};
