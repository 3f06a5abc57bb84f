import type { Slot } from "./slot.ts";
import { after } from "./timer.ts";

/** When a batch leaves. */
export interface BatchOptions {
  /** Messages at most; a batch that is full leaves at once. */
  size: number;
  /** Milliseconds that the first message of a batch waits at most. */
  maxWait: number;
}

/**
 * Collects slots into batches. An exclusive collector lets one batch out at a time, and goes on
 * collecting until {@linkcode Collector.free} tells that it is done with.
 */
export class Collector {
  readonly #options: BatchOptions;
  readonly #exclusive: boolean;
  readonly #emit: (slots: Slot[]) => void;
  #slots: Slot[] = [];
  /** How many of them, from the first, have waited long enough. */
  #due = 0;
  #busy = false;
  #cancel: (() => void) | undefined;

  constructor(options: BatchOptions, exclusive: boolean, emit: (slots: Slot[]) => void) {
    this.#options = options;
    this.#exclusive = exclusive;
    this.#emit = emit;
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
    this.#leave();
  }

  /** What is there waits for no more. */
  flush(): void {
    this.#due = this.#slots.length;
    this.#leave();
  }

  /** The batch that was let out is done with. */
  free(): void {
    this.#busy = false;
    this.#leave();
  }

  /** Takes out the slots for which `holds` is true. */
  remove(holds: (slot: Slot) => boolean): void {
    const kept: Slot[] = [];
    let due = 0;
    this.#slots.forEach((slot, at) => {
      if (holds(slot)) return;
      kept.push(slot);
      if (at < this.#due) due++;
    });
    this.#slots = kept;
    this.#due = due;
    this.#leave();
  }

  /** Lets a batch out if one is full or due. */
  #leave(): void {
    const { size, maxWait } = this.#options;
    while (!this.#busy && (this.#slots.length >= size || this.#due > 0)) {
      const batch = this.#slots.splice(0, size);
      this.#due = Math.max(this.#due - batch.length, 0);
      this.#busy = this.#exclusive;
      this.#emit(batch);
    }
    if (this.#slots.length === this.#due) this.#stopTimer();
    else this.#cancel ??= after(maxWait, () => this.#expire());
  }

  #expire(): void {
    this.#cancel = undefined;
    this.flush();
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
