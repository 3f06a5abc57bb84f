/**
 * What does an event cost that crosses to another thread, and is handled there?
 *
 * The clock stops when the last event has been handled. Every row is judged by R, the round trip of
 * a word between two threads in the same run: on a shared host it varies fivefold.
 *
 * @module
 */
import type { ProcessSubject, Question } from "../harness/types.ts";
import { inR, ROUND_TRIP } from "../subjects/round_trip.ts";
import { ours } from "../subjects/subject.ts";
import { type Carrier, ourThreads, peerThreads, type Shape } from "../subjects/threads.ts";

function peer(carrier: Carrier, shape: Shape): ProcessSubject {
  return {
    name: `${carrier}, ${shape}`,
    kind: "peer",
    isolates: false,
    setup: () => peerThreads(carrier, shape),
    use() {},
  };
}

/** Events that cross to one other thread. */
export const threadsQuestion: Question = {
  id: "threads",
  title: "64 B to another thread, handled there",
  measure: "ns",
  states: ["fresh"],
  cases: [{
    name: "64 B",
    subjects: [
      ours("emit, zeroCopy", () => ourThreads("lent"), inR(0.45, 0.35)),
      ours("emitBatch of 32, zeroCopy", () => ourThreads("lent", true), inR(0.2, 0.12)),
      ours("emit, event.data", () => ourThreads("built"), inR(2, 1)),
      ours("emit, JSON", () => ourThreads("json")),
      ROUND_TRIP,
      peer("postMessage", "one by one"),
      peer("postMessage", "arrays of 100"),
      peer("postMessage", "packed buffers of 100"),
      peer("MessageChannel", "one by one"),
    ],
  }],
  notes: [
    "Time until the last event was handled ÷ events, one thread, rounds of 1 000.",
    "BroadcastChannel is left out: on Deno a thousand messages in a row did not all arrive.",
  ],
};
