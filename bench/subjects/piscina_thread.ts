/**
 * What Piscina runs in its thread.
 *
 * @module
 */
import process from "node:process";

/** What the thread is given: an event, or the order to end. */
export type CalledTask = { data: Uint8Array } | { exit: true };

let sum = 0;
let seen = 0;

/** Adds up an event, and says how many that were. */
export default function take(task: CalledTask): number {
  if ("exit" in task) process.exit(3);
  sum += task.data[0]!;
  return Number.isNaN(sum) ? -1 : ++seen;
}
