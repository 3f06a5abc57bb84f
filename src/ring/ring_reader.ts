import {
  FRAME_HEADER,
  FRAME_MARK,
  FRAME_SIZE,
  FrameError,
  MARK_DONE,
  MARK_READY,
  MARK_STARTED,
  PADDING,
} from "./frame.ts";
import { RING_HANDLED, RING_HEAD, RING_HEARD, RING_PUBLISHED, type RingPlace } from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** A frame that was taken and is not finished, and who has to finish it. */
export interface TakenFrame {
  readonly reader: RingReader;
  readonly word: number;
}

/**
 * The reading end of a ring. Frames are taken in their order and may be finished in any; the head
 * moves over finished ones only, so that what a dead reader had begun is still there to be named.
 *
 * Memory order. `peek` loads `PUBLISHED` with acquire, paired with the release store in
 * `RingWriter.publish`. Marks and `HANDLED` are plain: nobody reads them while this thread lives,
 * and who does so afterwards has been told of the death by the runtime, which orders the two.
 * `release` stores `HEAD` with release, paired with the acquire load in `RingWriter.hasRoom`.
 */
export class RingReader {
  readonly #cells: Cells;
  readonly #words: number;
  readonly #data: number;
  readonly #mask: number;
  /** Position of the next frame to take. */
  #next: number;
  #head: number;
  /** What `PUBLISHED` was when it was last looked at. */
  #tail: number;
  #handled: number;
  #storedHandled: number;
  /** Frames that were taken and are not done. */
  #open = 0;
  /** Where the ring ends for good. */
  #end: number | undefined;

  /** Goes on where the memory says that the reader before has ended. */
  constructor(cells: Cells, { words, data, capacity }: RingPlace) {
    this.#cells = cells;
    this.#words = words;
    this.#data = data;
    this.#mask = capacity - 1;
    this.#next = this.#head = this.#tail = cells.load(words + RING_HEAD);
    this.#handled = this.#storedHandled = cells.get(words + RING_HANDLED);
  }

  /** Position of the next frame to take. */
  get next(): number {
    return this.#next;
  }

  /** Position up to which there are frames, or up to which they count. */
  get end(): number {
    return this.#end ?? this.#cells.load(this.#words + RING_PUBLISHED);
  }

  /** Whether a frame waits. */
  hasNext(): boolean {
    return this.#next !== this.#tail || this.end !== this.#next;
  }

  /**
   * The word where the next frame starts, or -1 if there is none.
   *
   * @throws {FrameError} If its size cannot be.
   */
  peek(): number {
    const cells = this.#cells;
    for (;;) {
      if (this.#next === this.#tail) {
        this.#tail = this.end;
        if (this.#next === this.#tail) return -1;
      }
      const start = this.#next & this.#mask;
      const word = (this.#data + start) >> 2;
      const size = cells.get(word + FRAME_SIZE);
      const bytes = size & ~PADDING;
      if (
        bytes <= 0 || (bytes & 7) !== 0 || bytes > this.#mask + 1 - start ||
        bytes > ((this.#tail - this.#next) | 0)
      ) throw new FrameError(`its size is ${size}`);
      if ((size & PADDING) === 0) {
        if (bytes < FRAME_HEADER) throw new FrameError(`its size is ${size}`);
        // A reader that has died may have finished frames behind one that it had not.
        if (cells.get(word + FRAME_MARK) !== MARK_DONE) return word;
      }
      this.#next = (this.#next + bytes) | 0;
    }
  }

  /** Reads nothing that is published from now on; gives the position where the ring ends. */
  seal(): number {
    return this.#end ??= this.end;
  }

  /** Takes the frame that `peek` has found. */
  take(word: number): void {
    this.#open++;
    this.#next = (this.#next + this.#cells.get(word + FRAME_SIZE)) | 0;
  }

  /** Takes a frame and is done with it, without a mark: where no other reader ever comes after this. */
  pass(word: number): void {
    this.#next = (this.#next + this.#cells.get(word + FRAME_SIZE)) | 0;
  }

  /** Says that a subscription is noted. */
  confirm(subscription: number): void {
    this.#cells.store(this.#words + RING_HEARD, subscription);
  }

  /** Marks a frame as begun: from here on a death leaves it in doubt. */
  start(word: number): void {
    this.#cells.set(word + FRAME_MARK, MARK_STARTED);
  }

  /** Marks a frame as not begun after all: if this thread dies, the next one takes it. */
  wait(word: number): void {
    this.#cells.set(word + FRAME_MARK, MARK_READY);
  }

  /** Marks a taken frame as finished. */
  finish(word: number, isEvent: boolean): void {
    this.#cells.set(word + FRAME_MARK, MARK_DONE);
    this.#open--;
    if (isEvent) this.#handled = (this.#handled + 1) | 0;
  }

  /** Lets the writer have what is done; says whether there was anything. */
  release(): boolean {
    const cells = this.#cells;
    if (this.#handled !== this.#storedHandled) {
      cells.store(this.#words + RING_HANDLED, this.#storedHandled = this.#handled);
    }
    let head = this.#head;
    if (this.#open === 0) head = this.#next;
    else {
      while (head !== this.#next) {
        const word = (this.#data + (head & this.#mask)) >> 2;
        if (cells.get(word + FRAME_MARK) !== MARK_DONE) break;
        head = (head + (cells.get(word + FRAME_SIZE) & ~PADDING)) | 0;
      }
    }
    if (head === this.#head) return false;
    this.#head = head;
    cells.store(this.#words + RING_HEAD, head);
    return true;
  }
}
