/**
 * How long is a lone event under way to another thread: half of them, and all but one in a hundred?
 *
 * @module
 */
import type { Case, ProcessSubject, Question } from "../harness/types.ts";
import { ourLatency, peerLatency, type Percentile, type Reader } from "../subjects/latency.ts";
import type { Carrier } from "../subjects/peer_thread.ts";
import { faster, ROUND_TRIP } from "../subjects/round_trip.ts";
import { ours } from "../subjects/subject.ts";

const CARRIERS: Carrier[] = ["postMessage", "MessageChannel", "BroadcastChannel"];

function peer(carrier: Carrier, reader: Reader, percentile: Percentile): ProcessSubject {
  return {
    name: carrier,
    kind: "peer",
    isolates: false,
    setup: () => peerLatency(carrier, reader, percentile),
    use() {},
  };
}

function toCase(reader: Reader, percentile: Percentile): Case {
  const goals = percentile === 0.5 ? { goals: [faster(10, "postMessage")] } : {};
  const mine = reader === "awake"
    ? [ours("the reader spins", () => ourLatency("async", reader, percentile), goals)]
    : [
      ours("parked async", () => ourLatency("async", reader, percentile), goals),
      ours("parked blocking", () => ourLatency("block", reader, percentile), goals),
    ];
  return {
    name: `the reader is ${reader}, p${percentile * 100}`,
    subjects: [
      ...mine,
      ROUND_TRIP,
      ...CARRIERS.map((carrier) => peer(carrier, reader, percentile)),
    ],
  };
}

/** One event at a time to one other thread. */
export const latencyQuestion: Question = {
  id: "latency",
  title: "A lone event to another thread, one way",
  measure: "ns",
  states: ["fresh"],
  cases: [
    toCase("awake", 0.5),
    toCase("awake", 0.99),
    toCase("asleep", 0.5),
    toCase("asleep", 0.99),
  ],
  notes: [
    "From the emit to a word that the handler stores and the emitting thread sees: half of R is the word's way back.",
    "Awake: the next event comes at once. Asleep: the thread has said that it sleeps, or had a millisecond for it.",
  ],
};
