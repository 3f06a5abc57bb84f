/** What became of a wait that can go on in the background. */
export type AsyncWait =
  | { readonly async: false; readonly value: "not-equal" | "timed-out" }
  | { readonly async: true; readonly value: Promise<"ok" | "timed-out"> };

/**
 * Memory that threads share, as 32-bit cells. Whatever threads read of each other goes through
 * these methods, so that a test can put a scheduler in their place that decides who is next.
 *
 * `load`, `store` and `compareExchange` are sequentially consistent, and so acquire and release.
 * `get` and `set` are plain: they are ordered by the next `store` and `load` around them, and each
 * caller says by which.
 */
export interface Cells {
  /** The same memory, byte by byte: for payloads, which are plain as well. */
  readonly bytes: Uint8Array;
  /** The same memory, for cursors. */
  readonly words: Int32Array;
  /** Reads, and sees all that was written before the `store` whose value it reads. */
  load(index: number): number;
  /** Writes, and makes all that was written before visible to who `load`s the value. */
  store(index: number, value: number): void;
  /** Reads without order. */
  get(index: number): number;
  /** Writes without order. */
  set(index: number, value: number): void;
  /** Writes if the cell holds `expected`; gives what it held. */
  compareExchange(index: number, expected: number, value: number): number;
  /** Wakes who waits for the cell. */
  notify(index: number): void;
  /** Blocks this thread while the cell holds `value`, at most `timeout` milliseconds. */
  wait(index: number, value: number, timeout: number): void;
  /** Waits in the background while the cell holds `value`. */
  waitAsync(index: number, value: number): AsyncWait;
}

/** Cells over memory that is really shared, or that takes part in none of the waiting. */
export class SharedCells implements Cells {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor(buffer: ArrayBufferLike) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }

  load(index: number): number {
    return Atomics.load(this.words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  get(index: number): number {
    return this.words[index];
  }

  set(index: number, value: number): void {
    this.words[index] = value;
  }

  compareExchange(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.words, index, expected, value);
  }

  notify(index: number): void {
    Atomics.notify(this.words, index);
  }

  wait(index: number, value: number, timeout: number): void {
    Atomics.wait(this.words, index, value, timeout);
  }

  waitAsync(index: number, value: number): AsyncWait {
    return Atomics.waitAsync(this.words, index, value) as AsyncWait;
  }
}

/** Whether a thread can wait in the background: without that none sleeps and keeps its timers. */
export function canWaitAsync(): boolean {
  return Atomics.waitAsync !== undefined;
}

/** Tells the processor that this thread spins; nothing where that cannot be said. */
export const pause: () => void = (Atomics as unknown as { pause?: () => void }).pause ??
  (() => {});
