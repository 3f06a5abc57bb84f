import { FRAME_MARK, FRAME_ORDER, FRAME_SIZE, MARK_DONE, MARK_READY, PADDING } from "./frame.ts";
import {
  RING_EVENTS,
  RING_HEAD,
  RING_HEARD,
  RING_PUBLISHED,
  RING_WRITTEN,
  type RingPlace,
} from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/**
 * The writing end of a ring with one writer and one reader.
 *
 * Memory order. What is in a frame, `WRITTEN` and `EVENTS` are plain stores. `publish` stores
 * `PUBLISHED` with release, which pairs with the acquire load in `RingReader.peek`: who sees the
 * position sees all frames before it, and the names of their topics. A frame is overwritten only
 * after the acquire load of `HEAD` here has seen that the reader has let go of it, which pairs with
 * the release store of `HEAD` in `RingReader.release`: the reader's last look at the old bytes
 * comes before the first new byte.
 */
export class RingWriter {
  readonly #cells: Cells;
  readonly #words: number;
  readonly #data: number;
  readonly #mask: number;
  /** Position behind the last complete frame. Positions count bytes and wrap at 2 ** 32. */
  #tail: number;
  /** What `HEAD` was when it was last looked at: asking memory that another thread writes is slow. */
  #head: number;
  #published: number;
  #events: number;
  /** Position of the claimed frame. */
  #claimed = 0;
  /** Whether something waits for room that nothing must overtake. */
  #isHeld: (() => boolean) | undefined = undefined;

  /** Goes on where the memory says that the writer before has ended. */
  constructor(cells: Cells, { words, data, capacity }: RingPlace) {
    this.#cells = cells;
    this.#words = words;
    this.#data = data;
    this.#mask = capacity - 1;
    this.#tail = this.#published = cells.load(words + RING_PUBLISHED);
    this.#head = cells.load(words + RING_HEAD);
    this.#events = cells.get(words + RING_EVENTS);
  }

  /** Whether something was written that is not published. */
  get isDirty(): boolean {
    return this.#tail !== this.#published;
  }

  /** Number of the subscription, of those told by this ring, that its reader has noted last. */
  get heard(): number {
    return this.#cells.load(this.#words + RING_HEARD);
  }

  /** Whether a frame of `size` bytes, a multiple of 8, fits now. */
  hasRoom(size: number): boolean {
    if (this.#fits(size)) return true;
    if (this.#isHeld?.()) return false;
    this.#head = this.#cells.load(this.#words + RING_HEAD);
    // Measured again: what was held stands where the frame would have.
    return this.#fits(size);
  }

  /**
   * Gives nobody room while `isHeld` says so: it writes what must come first, if that finds room
   * now, and says whether any of it still waits. A ring that is not held pays nothing for this, as
   * one that is looks full.
   */
  hold(isHeld: (() => boolean) | undefined): void {
    this.#isHeld = isHeld;
    this.#head = (this.#tail - this.#mask - 1) | 0;
  }

  #fits(size: number): boolean {
    const left = this.#mask + 1 - (this.#tail & this.#mask);
    // It must stand in one piece, so a gap may come first.
    const need = left < size ? left + size : size;
    return need <= this.#mask + 1 - ((this.#tail - this.#head) | 0);
  }

  /** Takes the place of a frame that fits; gives the byte where it starts. */
  claim(size: number): number {
    const cells = this.#cells;
    let start = this.#tail & this.#mask;
    this.#claimed = this.#tail;
    const left = this.#mask + 1 - start;
    if (left < size) {
      const gap = (this.#data + start) >> 2;
      cells.set(gap + FRAME_MARK, MARK_DONE);
      cells.set(gap + FRAME_SIZE, left | PADDING);
      this.#claimed = (this.#tail + left) | 0;
      start = 0;
    }
    const frame = this.#data + start;
    const word = frame >> 2;
    cells.set(word + FRAME_MARK, MARK_READY);
    cells.set(word + FRAME_SIZE, size);
    cells.set(word + FRAME_ORDER, this.#events);
    return frame;
  }

  /** Completes the claimed frame. Whoever finishes for a dead writer publishes up to here. */
  commit(size: number, isEvent: boolean): void {
    const cells = this.#cells;
    this.#tail = (this.#claimed + size) | 0;
    cells.set(this.#words + RING_WRITTEN, this.#tail);
    if (isEvent) {
      this.#events = (this.#events + 1) | 0;
      cells.set(this.#words + RING_EVENTS, this.#events);
    }
  }

  /** Lets the reader see all complete frames; gives the position behind them. */
  publish(): number {
    this.#cells.store(this.#words + RING_PUBLISHED, this.#tail);
    return this.#published = this.#tail;
  }
}
