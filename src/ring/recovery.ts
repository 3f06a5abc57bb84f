/**
 * What is done for a thread that is certainly gone, by the one that has started it. Until then
 * nothing here may be called: a ring must not have two writers or two readers.
 *
 * @module
 */

import {
  FLAG_CRASHES_SHIFT,
  FLAG_EVENT,
  FLAG_KIND,
  FLAG_NOTE,
  FRAME_FLAGS,
  FRAME_MARK,
  FRAME_ORDER,
  FRAME_SIZE,
  MARK_DONE,
  MARK_READY,
  PADDING,
} from "./frame.ts";
import {
  RING_EVENTS,
  RING_HANDLED,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
  type RingPlace,
} from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** Publishes what a dead writer had completed, and counts it: it may have died before it did. */
export function finishForWriter(cells: Cells, place: RingPlace): void {
  const { words } = place;
  const written = cells.get(words + RING_WRITTEN);
  let last = -1;
  for (const word of frames(cells, place, cells.load(words + RING_PUBLISHED), written)) {
    if (isEvent(cells, word)) last = word;
  }
  if (last >= 0) cells.set(words + RING_EVENTS, (cells.get(last + FRAME_ORDER) + 1) | 0);
  cells.store(words + RING_PUBLISHED, written);
}

/** What a dead reader has left in a ring. */
export interface Leftovers {
  /** Words of the events that nobody has begun. */
  ready: number[];
  /** Words of the events that had begun: nobody knows how far they got. */
  started: number[];
}

/** Counts what a dead reader had finished, and finds what it had not. */
export function takeOverFromReader(cells: Cells, place: RingPlace): Leftovers {
  const { words } = place;
  const left: Leftovers = { ready: [], started: [] };
  let handled = cells.get(words + RING_HANDLED);
  let isFirst = true;
  const head = cells.load(words + RING_HEAD);
  for (const word of frames(cells, place, head, cells.load(words + RING_PUBLISHED))) {
    // All events before the head are done, and each frame knows how many came before it.
    if (isFirst) handled = cells.get(word + FRAME_ORDER);
    isFirst = false;
    if (!isEvent(cells, word)) continue;
    const mark = cells.get(word + FRAME_MARK);
    if (mark === MARK_DONE) handled++;
    else left[mark === MARK_READY ? "ready" : "started"].push(word);
  }
  cells.store(words + RING_HANDLED, handled | 0);
  return left;
}

/** Words of the notes in a ring that its reader has not heard. */
export function unheardNotes(cells: Cells, place: RingPlace): number[] {
  const { words } = place;
  const head = cells.load(words + RING_HEAD);
  return [...frames(cells, place, head, cells.load(words + RING_PUBLISHED))].filter((word) =>
    (cells.get(word + FRAME_FLAGS) & FLAG_KIND) === FLAG_NOTE &&
    cells.get(word + FRAME_MARK) !== MARK_DONE
  );
}

/** Finishes an event in the place of its reader. */
export function finishFrame(cells: Cells, { words }: RingPlace, word: number): void {
  cells.set(word + FRAME_MARK, MARK_DONE);
  cells.store(words + RING_HANDLED, (cells.get(words + RING_HANDLED) + 1) | 0);
}

/** Gives an event that was in doubt to the next reader; the frame remembers the deaths. */
export function retryFrame(cells: Cells, word: number): void {
  cells.set(word + FRAME_FLAGS, cells.get(word + FRAME_FLAGS) + (1 << FLAG_CRASHES_SHIFT));
  cells.set(word + FRAME_MARK, MARK_READY);
}

/** How many threads had died of an event before. */
export function crashesOf(cells: Cells, word: number): number {
  return cells.get(word + FRAME_FLAGS) >> FLAG_CRASHES_SHIFT;
}

/** Moves the head behind all that is done, for a ring without a reader. */
export function releaseDone(cells: Cells, place: RingPlace): void {
  const { words, data, capacity } = place;
  let head = cells.load(words + RING_HEAD);
  const tail = cells.load(words + RING_PUBLISHED);
  while (head !== tail) {
    const word = (data + (head & (capacity - 1))) >> 2;
    if (cells.get(word + FRAME_MARK) !== MARK_DONE && isEvent(cells, word)) break;
    head = (head + (cells.get(word + FRAME_SIZE) & ~PADDING)) | 0;
  }
  cells.store(words + RING_HEAD, head);
}

function isEvent(cells: Cells, word: number): boolean {
  return (cells.get(word + FRAME_SIZE) & PADDING) === 0 &&
    (cells.get(word + FRAME_FLAGS) & FLAG_KIND) === FLAG_EVENT;
}

/** The words of the frames between two positions, without the gaps. */
function* frames(
  cells: Cells,
  { data, capacity }: RingPlace,
  from: number,
  to: number,
): Generator<number> {
  for (let at = from; at !== to;) {
    const word = (data + (at & (capacity - 1))) >> 2;
    const size = cells.get(word + FRAME_SIZE);
    if ((size & PADDING) === 0) yield word;
    at = (at + (size & ~PADDING)) | 0;
  }
}
