/**
 * R, the round trip of a word between two threads: what every row across threads is judged by.
 *
 * @module
 */
import type { Goal, ProcessSubject } from "../harness/types.ts";
import { pingPong } from "./threads.ts";

const R = "R: round trip of a word";

/** The row that measures it. */
export const ROUND_TRIP: ProcessSubject = { name: R, kind: "bound", setup: pingPong, use() {} };

/** A goal and a stretch goal as multiples of it. */
export function inR(limit: number, stretch: number): { goals: Goal[] } {
  const goal = { of: R, relation: "times", state: "fresh" } as const;
  return { goals: [{ ...goal, limit }, { ...goal, limit: stretch, stretch: true }] };
}

/** A goal: so many times as fast as another subject. */
export function faster(times: number, of: string): Goal {
  return { of, relation: "times", limit: 1 / times, state: "fresh" };
}
