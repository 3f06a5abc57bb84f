import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";

/** Events to have room for at first: most buses never queue more, and a full ring is a megabyte. */
const INITIAL = 64;

/**
 * A ring of references to events and their resolutions, side by side in one array. It grows by
 * doubling and never allocates while it is large enough.
 */
export class EventQueue {
  #slots: unknown[] = new Array(2 * INITIAL).fill(undefined);
  #mask = 2 * INITIAL - 1;
  #head = 0;
  /** How many events wait. */
  size = 0;

  /** Appends an event. */
  push(resolution: Resolution, event: BusEvent): void {
    if (2 * this.size > this.#mask) this.#grow();
    const slot = (this.#head + 2 * this.size) & this.#mask;
    this.#slots[slot] = event;
    this.#slots[slot + 1] = resolution;
    this.size++;
  }

  /** The resolution of the oldest event; there must be one. */
  peekResolution(): Resolution {
    return this.#slots[this.#head + 1] as Resolution;
  }

  /** Takes the oldest event; there must be one. */
  shift(): BusEvent {
    const head = this.#head;
    const event = this.#slots[head] as BusEvent;
    // Not the resolution, to save 2 ns: it keeps a type's name and its handlers at most.
    this.#slots[head] = undefined;
    this.#head = (head + 2) & this.#mask;
    this.size--;
    return event;
  }

  /** Takes the `count` oldest events, as an array; there must be so many. */
  take(count: number): BusEvent[] {
    // Of its final length at once: growing by push leaves three times the memory behind.
    const events = new Array<BusEvent>(count);
    for (let i = 0; i < count; i++) events[i] = this.shift();
    return events;
  }

  /** Puts a full ring's slots in their order, and as many free ones behind them. */
  #grow(): void {
    const { length } = this.#slots;
    const free = new Array<undefined>(length).fill(undefined);
    this.#slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head), ...free];
    this.#mask = 2 * length - 1;
    this.#head = 0;
  }
}
