/**
 * How much memory does a message hold that was taken and is not settled?
 *
 * @module
 */
import type { ProcessSubject, Question } from "../harness/types.ts";
import { ours } from "../subjects/subject.ts";

const use = async () => await (await import("../subjects/messages.ts")).useMessages();

/** One worker leaves all but one message in the queue. */
function subject(name: string, workers: "one" | "all"): ProcessSubject {
  const setup = async () => {
    const { MESSAGES, takeMessages } = await import("../subjects/message_heap.ts");
    return takeMessages(workers === "one" ? 1 : MESSAGES);
  };
  return ours(name, setup, { use });
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
      subject("queued in the engine", "one"),
      subject("in a handler that waits", "all"),
    ],
  }],
  notes: [
    "Growth of V8's heap after a full collection ÷ messages; what the broker holds is not in it.",
  ],
};
