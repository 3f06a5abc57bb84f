import { FRAME_MARK, FRAME_SIZE, MARK_DONE, PADDING } from "./frame.ts";
import { RING_HEAD, type RingPlace } from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";
import type { RingReader } from "./ring_reader.ts";

/**
 * Looks ahead in a ring, at frames that its reader has not come to.
 *
 * Memory order. It runs in the thread of the reader, which loads `PUBLISHED` with acquire. The mark
 * that it sets is read by the same thread.
 */
export class RingScanner {
  readonly #cells: Cells;
  readonly #place: RingPlace;
  readonly #reader: RingReader;
  /** Position up to which it has looked. */
  #scanned: number;

  constructor(cells: Cells, place: RingPlace, reader: RingReader) {
    this.#cells = cells;
    this.#place = place;
    this.#reader = reader;
    this.#scanned = cells.load(place.words + RING_HEAD);
  }

  /** Whether there are frames that `scan` has not looked at. */
  hasUnscanned(): boolean {
    return this.#scanned !== this.#reader.end;
  }

  /**
   * Looks at the frames that wait, each once, without taking them: `visit` may finish one out of
   * its turn by saying so.
   */
  scan(visit: (word: number) => boolean): void {
    const cells = this.#cells;
    const { data, capacity } = this.#place;
    const { next, end } = this.#reader;
    let at = ((this.#scanned - next) | 0) > 0 ? this.#scanned : next;
    while (at !== end) {
      const word = (data + (at & (capacity - 1))) >> 2;
      const size = cells.get(word + FRAME_SIZE);
      if ((size & PADDING) === 0 && visit(word)) cells.set(word + FRAME_MARK, MARK_DONE);
      at = (at + (size & ~PADDING)) | 0;
    }
    this.#scanned = at;
  }
}
