import { NODE_PARK } from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/**
 * Sleeping and waking.
 *
 * Who sleeps stores 1 into `PARK`, then looks at all rings once more, then waits. Who has
 * published stores `PUBLISHED`, then loads `PARK`. All four are sequentially consistent, so in
 * their one order either the sleeper's second look comes after the store and finds the frame, or
 * the writer's load comes after the store of 1 and wakes. A plain store of `PUBLISHED` could still
 * sit in the writer's store buffer while it loads `PARK`: both would look too early, and the frame
 * would lie there until the next one.
 *
 * @module
 */

/** Wakes the thread whose words begin at `node`, if it sleeps. */
export function wake(cells: Cells, node: number): void {
  if (cells.load(node + NODE_PARK) === 0) return;
  // Only one of several wakers needs to notify.
  if (cells.compareExchange(node + NODE_PARK, 1, 0) === 1) cells.notify(node + NODE_PARK);
}

/** Says that this thread is about to sleep; afterwards everything must be looked at once more. */
export function announceSleep(cells: Cells, node: number): void {
  cells.store(node + NODE_PARK, 1);
}

/** Takes the announcement back. */
export function stayAwake(cells: Cells, node: number): void {
  cells.store(node + NODE_PARK, 0);
}
