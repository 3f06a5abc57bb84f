/**
 * Lanes: rings that threads write which nobody here has started, and that one thread reads, _home_.
 *
 * ```
 * header │ home │ lane 1 … lane N │ topics of each │ ring of each
 * ```
 *
 * The places are those of a bus with as many threads of which only the first row of rings is there.
 *
 * @module
 */

import {
  HEADER_CAPACITY,
  HEADER_STATE,
  HEADER_THREADS,
  HEADER_VERSION,
  Layout,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
} from "./layout.ts";
import { type Cells, pause, SharedCells } from "../runtime/shared_cells.ts";

/** First word of the memory. */
export const LANES_VERSION = 0x6265_6c01;

/** What stands in `HEADER_STATE`: lanes are open, home notes where each one ends, it has. */
export const LANES_OPEN = 0;
export const LANES_SEALING = 1;
export const LANES_SEALED = 2;

// Words of a lane, beside those of `NODE_…`.

/** Who writes the lane: one of the states below. */
export const LANE_OWNER = 65;
/** Position where the lane ends, once all are sealed; written by home. */
export const LANE_END = 66;

/** Nobody writes the lane. Whoever changes this to `OWNED` owns it. */
export const OWNER_NONE = 0;
/** Somebody does. */
export const OWNER_LIVE = 1;
/** Its owner writes nothing any more; what it has written is still to be read. */
export const OWNER_LEFT = 2;

/** How long home may take to note where the lanes end, in milliseconds: then it is dead. */
const SEALING_LIMIT = 1_000;

/** The memory of some lanes, and what stands where. */
export interface Lanes {
  readonly cells: Cells;
  readonly layout: Layout;
}

/** Makes the memory of lanes. */
export function createLanes(count: number, capacity: number): Lanes {
  const layout = new Layout(count, capacity);
  const cells = new SharedCells(new SharedArrayBuffer(layout.ring(1, 0).words * 4));
  cells.set(HEADER_VERSION, LANES_VERSION);
  cells.set(HEADER_THREADS, count);
  cells.set(HEADER_CAPACITY, capacity);
  for (let lane = 1; lane <= count; lane++) {
    const { words } = layout.ring(0, lane);
    // Positions start just below 2 ** 32: what goes wrong at the wrap goes wrong at once.
    for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) {
      cells.set(words + word, -2 * capacity);
    }
  }
  return { cells, layout };
}

/** The lanes of some memory; nothing if no lanes of this version are there. */
export function joinLanes(memory: SharedArrayBuffer): Lanes | undefined {
  const cells = new SharedCells(memory);
  if (cells.get(HEADER_VERSION) !== LANES_VERSION) return undefined;
  return { cells, layout: new Layout(cells.get(HEADER_THREADS), cells.get(HEADER_CAPACITY)) };
}

/**
 * Takes a lane that nobody has; 0 if there is none.
 *
 * The exchange reads what `freeLane` has stored: what home did to the lane before comes before all
 * that the new owner does.
 */
export function takeLane({ cells, layout }: Lanes): number {
  for (let lane = 1; lane <= layout.threads; lane++) {
    const owner = layout.node(lane) + LANE_OWNER;
    if (cells.compareExchange(owner, OWNER_NONE, OWNER_LIVE) === OWNER_NONE) return lane;
  }
  return 0;
}

/** How many lanes are given back, and will be free once they are read. */
export function countLeaving({ cells, layout }: Lanes): number {
  let count = 0;
  for (let lane = 1; lane <= layout.threads; lane++) {
    if (cells.load(layout.node(lane) + LANE_OWNER) === OWNER_LEFT) count++;
  }
  return count;
}

/** Says that the owner of a lane is through with it, which is its last access. */
export function leaveLane(cells: Cells, node: number): void {
  cells.store(node + LANE_OWNER, OWNER_LEFT);
}

/** Gives a lane that was left, and read to its end, to whoever takes it. */
export function freeLane(cells: Cells, node: number): void {
  cells.store(node + LANE_OWNER, OWNER_NONE);
}

/**
 * Notes where each lane ends, by `seal`, which gives the position up to which home will read.
 *
 * Home stores `SEALING`, then reads `PUBLISHED` of each lane. An owner stores `PUBLISHED`, then
 * reads the state. In the one order of these four, either the owner finds the lanes open, and then
 * home finds its frame; or it waits until home has noted the end, and looks whether that is behind
 * its frame. So both always judge alike, and an open lane costs its owner one load.
 */
export function sealLanes({ cells, layout }: Lanes, seal: (lane: number) => number): void {
  cells.store(HEADER_STATE, LANES_SEALING);
  for (let lane = 1; lane <= layout.threads; lane++) {
    cells.set(layout.node(lane) + LANE_END, seal(lane));
  }
  cells.store(HEADER_STATE, LANES_SEALED);
}

/** Whether home reads what was published up to `position`: see `sealLanes`. */
export function isAccepted(cells: Cells, node: number, position: number): boolean {
  if (cells.load(HEADER_STATE) === LANES_OPEN) return true;
  const end = performance.now() + SEALING_LIMIT;
  while (cells.load(HEADER_STATE) === LANES_SEALING) {
    if (performance.now() > end) return false;
    pause();
  }
  return ((cells.get(node + LANE_END) - position) | 0) >= 0;
}
