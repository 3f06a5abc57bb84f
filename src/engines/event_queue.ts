import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";

/** Slots to start with: most buses never queue more, and a full ring is half a megabyte. */
const INITIAL = 64;

/**
 * A ring of references to events and their resolutions, which lie side by side in one array. It
 * grows by doubling and never allocates while it is large enough.
 */
export class EventQueue {
  #slots: (Resolution | BusEvent | undefined)[] = new Array(2 * INITIAL).fill(undefined);
  #mask = INITIAL - 1;
  #head = 0;
  /** How many events wait. */
  size = 0;

  /** Appends an event. */
  push(resolution: Resolution, event: BusEvent): void {
    if (this.size > this.#mask) this.#grow();
    const slot = 2 * ((this.#head + this.size) & this.#mask);
    this.#slots[slot] = resolution;
    this.#slots[slot + 1] = event;
    this.size++;
  }

  /** The resolution of the oldest event; there must be one. */
  peekResolution(): Resolution {
    return this.#slots[2 * this.#head] as Resolution;
  }

  /** Takes the oldest event; there must be one. */
  shift(): BusEvent {
    const slot = 2 * this.#head;
    const event = this.#slots[slot + 1] as BusEvent;
    this.#slots[slot] = undefined;
    this.#slots[slot + 1] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.size--;
    return event;
  }

  #grow(): void {
    const capacity = this.#mask + 1;
    const slots = this.#slots;
    this.#slots = slots.slice(2 * this.#head).concat(
      slots.slice(0, 2 * this.#head),
      new Array(2 * capacity).fill(undefined),
    );
    this.#mask = 2 * capacity - 1;
    this.#head = 0;
  }
}
