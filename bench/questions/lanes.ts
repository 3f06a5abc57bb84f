/**
 * What does an event cost in all that other threads emit into a flow bus, each through a lane of
 * its own?
 *
 * The clock stops when the last event has been handled, in batches and in the thread of the bus.
 *
 * @module
 */
import type { Case, ProcessSubject, Question } from "../harness/types.ts";
import { feedByLanes, feedByMessages } from "../subjects/lanes.ts";
import { useFlowBus } from "../subjects/ours.ts";
import { inR, ROUND_TRIP } from "../subjects/round_trip.ts";
import { ours } from "../subjects/subject.ts";

function peer(name: string, producers: number, isPacked: boolean): ProcessSubject {
  return {
    name,
    kind: "peer",
    isolates: false,
    setup: () => feedByMessages(producers, isPacked),
    use() {},
  };
}

function toCase(producers: number): Case {
  // The contract names a goal for three.
  const goals = producers === 3 ? inR(0.6, 0.35) : {};
  const options = { ...goals, use: useFlowBus };
  return {
    name: producers === 1 ? "one producer" : `${producers} producers`,
    subjects: [
      ours("lanes, emit", () => feedByLanes(producers, "emit"), options),
      ours("lanes, emitBatch of 32", () => feedByLanes(producers, "emitBatch"), options),
      ours("lanes, emit, pooled", () => feedByLanes(producers, "emit", true), options),
      ROUND_TRIP,
      peer("postMessage, one by one", producers, false),
      peer("postMessage, packed buffers of 100", producers, true),
    ],
  };
}

/** Events that one to four threads emit into a flow bus. */
export const lanesQuestion: Question = {
  id: "lanes",
  title: "64 B from other threads into a flow bus",
  measure: "ns",
  states: ["fresh"],
  cases: [1, 2, 3, 4].map(toCase),
  notes: [
    "Time until the last event was handled ÷ events of all producers; batches of at most 256.",
    "Pooled: the bytes of several events are views into one buffer, an option of `share`.",
    "With more producers than idle processors, threads take turns, and so do their events.",
  ],
};
