/**
 * What do threads bring, for handlers that take 1, 10 and 100 µs of a processor, and from how much
 * on do they pay?
 *
 * @module
 */
import type { Case, Question } from "../harness/types.ts";
import { ROUND_TRIP } from "../subjects/round_trip.ts";
import { handleAtHome, handleInThreads } from "../subjects/scaling.ts";
import { ours } from "../subjects/subject.ts";

/** 1, 2, 4 … and as many as there are processors. */
function threadCounts(): number[] {
  const processors = navigator.hardwareConcurrency;
  const powers = [1, 2, 4, 8, 16, 32, 64].filter((count) => count < processors);
  return [...powers, processors];
}

function toCase(microseconds: number): Case {
  return {
    name: microseconds === 0 ? "handlers do nothing" : `handlers of ${microseconds} µs`,
    subjects: [
      ours("at home", () => handleAtHome(microseconds)),
      ...threadCounts().map((threads) =>
        ours(
          threads === 1 ? "in a thread" : `in ${threads} threads`,
          () => handleInThreads(microseconds, threads),
        )
      ),
      ROUND_TRIP,
    ],
  };
}

/** Handlers that need the processor, in more and more threads. */
export const scalingQuestion: Question = {
  id: "scaling",
  title: "Handlers that need the processor, at home and in threads",
  measure: "ns",
  states: ["fresh"],
  cases: [0, 1, 10, 100].map(toCase),
  notes: [
    "Time until the last event was handled ÷ events. A handler's loop has as many turns as take that time alone.",
    "Home emits, and sleeps while it waits; with as many threads as processors they share one with it.",
    "A handler belongs at home while it takes less than the row `in a thread` of handlers that do nothing.",
  ],
};
