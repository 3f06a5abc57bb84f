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
  #busy = false;
  #due = false;
  #cancel: (() => void) | undefined;

  constructor(options: BatchOptions, exclusive: boolean, emit: (slots: Slot[]) => void) {
    this.#options = options;
    this.#exclusive = exclusive;
    this.#emit = emit;
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
    if (this.#slots.length >= this.#options.size) this.#leave();
    else this.#cancel ??= after(this.#options.maxWait, () => this.#leave());
  }

  /** The batch that was let out is done with. */
  free(): void {
    this.#busy = false;
    if (this.#due) this.#leave();
  }

  /** Takes out the slots for which `holds` is true. */
  remove(holds: (slot: Slot) => boolean): void {
    this.#slots = this.#slots.filter((slot) => !holds(slot));
    if (this.#slots.length === 0) this.#stopTimer();
  }

  #leave(): void {
    this.#stopTimer();
    this.#due = this.#busy;
    if (this.#busy || this.#slots.length === 0) return;
    const { size, maxWait } = this.#options;
    const batch = this.#slots.splice(0, size);
    this.#busy = this.#exclusive;
    if (this.#slots.length >= size) this.#due = true;
    else if (this.#slots.length > 0) this.#cancel = after(maxWait, () => this.#leave());
    this.#emit(batch);
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
