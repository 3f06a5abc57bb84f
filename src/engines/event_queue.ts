import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";

/** Slots to start with: most buses never queue more, and a full ring is a megabyte. */
const INITIAL = 64;

/**
 * A ring of references to events and their resolutions. It grows by doubling and never allocates
 * while it is large enough.
 */
export class EventQueue {
  #events: (BusEvent | undefined)[] = new Array(INITIAL).fill(undefined);
  /** Not cleared when read, to save 2 ns: a slot keeps a type's name and its handlers at most. */
  #resolutions: (Resolution | undefined)[] = new Array(INITIAL).fill(undefined);
  #mask = INITIAL - 1;
  #head = 0;
  #tail = 0;
  /** How many events wait. */
  size = 0;

  /** Appends an event. */
  push(resolution: Resolution, event: BusEvent): void {
    if (this.size > this.#mask) this.#grow();
    const tail = this.#tail;
    this.#events[tail] = event;
    this.#resolutions[tail] = resolution;
    this.#tail = (tail + 1) & this.#mask;
    this.size++;
  }

  /** The resolution of the oldest event; there must be one. */
  peekResolution(): Resolution {
    return this.#resolutions[this.#head]!;
  }

  /** Takes the oldest event; there must be one. */
  shift(): BusEvent {
    const head = this.#head;
    const event = this.#events[head]!;
    this.#events[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.size--;
    return event;
  }

  /** Takes the `count` oldest events, as an array; there must be so many. */
  take(count: number): BusEvent[] {
    const head = this.#head;
    const end = Math.min(head + count, this.#mask + 1);
    const rest = count - (end - head);
    const events = this.#events.slice(head, end);
    this.#events.fill(undefined, head, end);
    this.#head = (head + count) & this.#mask;
    this.size -= count;
    if (rest === 0) return events as BusEvent[];
    const wrapped = this.#events.slice(0, rest);
    this.#events.fill(undefined, 0, rest);
    return events.concat(wrapped) as BusEvent[];
  }

  #grow(): void {
    this.#events = unroll(this.#events, this.#head);
    this.#resolutions = unroll(this.#resolutions, this.#head);
    this.#head = 0;
    this.#tail = this.size;
    this.#mask = 2 * this.size - 1;
  }
}

/** A full ring's slots in their order, and as many free ones. */
function unroll<T>(slots: (T | undefined)[], head: number): (T | undefined)[] {
  const free = new Array<undefined>(slots.length).fill(undefined);
  return [...slots.slice(head), ...slots.slice(0, head), ...free];
}
