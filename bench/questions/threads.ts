/**
 * What does an event cost that crosses to another thread, and is handled there?
 *
 * The clock stops when the last event has been handled. Every row is judged by R, the round trip of
 * a word between two threads in the same run: on a shared host it varies fivefold.
 *
 * @module
 */
import type { ProcessSubject, Question } from "../harness/types.ts";
import { faster, inR, ROUND_TRIP } from "../subjects/round_trip.ts";
import { ours } from "../subjects/subject.ts";
import type { Carrier } from "../subjects/peer_thread.ts";
import { comlinkCalls, piscinaCalls } from "../subjects/thread_calls.ts";
import { ourThreads, peerThreads, type Shape } from "../subjects/threads.ts";

function peer(carrier: Carrier, shape: Shape): ProcessSubject {
  return {
    name: `${carrier}, ${shape}`,
    kind: "peer",
    isolates: false,
    setup: () => peerThreads(carrier, shape),
    use() {},
  };
}

/** A library that answers each event. */
function caller(name: string, setup: ProcessSubject["setup"]): ProcessSubject {
  return { name: `${name}, 1 000 calls at a time`, kind: "peer", isolates: true, setup, use() {} };
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
      ours("emit, zeroCopy", () => ourThreads("lent"), {
        goals: [...inR(0.45, 0.35).goals, faster(30, "postMessage, one by one")],
      }),
      ours("emitBatch of 32, zeroCopy", () => ourThreads("lent", true), {
        goals: [
          ...inR(0.2, 0.12).goals,
          faster(5, "postMessage, arrays of 100"),
          faster(1, "postMessage, packed buffers of 100"),
        ],
      }),
      ours("emit, event.data", () => ourThreads("built"), inR(2, 1)),
      ours("emit, JSON", () => ourThreads("json")),
      ROUND_TRIP,
      peer("postMessage", "one by one"),
      peer("postMessage", "arrays of 100"),
      peer("postMessage", "packed buffers of 100"),
      peer("MessageChannel", "one by one"),
      peer("BroadcastChannel", "one by one, answered every 100"),
      caller("comlink", comlinkCalls),
      caller("piscina", piscinaCalls),
    ],
  }],
  notes: [
    "Time until the last event was handled ÷ events, one thread, rounds of 1 000.",
    "BroadcastChannel waits after each hundred: on Deno a thousand messages in a row did not all arrive.",
  ],
};
