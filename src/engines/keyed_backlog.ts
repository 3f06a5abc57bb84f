import { Fifo } from "./fifo.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";

/** An event that waits for its turn. */
export interface Waiting {
  key: string;
  resolution: Resolution;
  event: BusEvent;
}

/**
 * Keeps events of one key apart while a promise of an earlier one is pending. Events of other keys
 * pass them, so that one slow key holds up nobody else.
 */
export class KeyedBacklog {
  /** The keys at work, each with the events that wait for it. */
  #busy = new Map<string, Fifo<Waiting>>();
  /** Events whose turn has come: each of a key of its own, which stays busy. */
  #due = new Fifo<Waiting>();
  /** How many events wait, due or not. */
  size = 0;

  /** Whether any key is at work: a cheap question, asked for each event. */
  get active(): boolean {
    return this.#busy.size > 0;
  }

  /** Whether an event's turn has come. */
  get hasDue(): boolean {
    return this.#due.size > 0;
  }

  /** Takes an event if its key is at work; says whether it did. */
  hold(resolution: Resolution, event: BusEvent): boolean {
    const key = event.key;
    const waiting = key === undefined ? undefined : this.#busy.get(key);
    if (waiting === undefined) return false;
    waiting.push({ key: key!, resolution, event });
    this.size++;
    return true;
  }

  /** Says that a promise of an event with this key is pending. */
  begin(key: string): void {
    if (!this.#busy.has(key)) this.#busy.set(key, new Fifo());
  }

  /** Says that the key's event has settled: its next one is due, or the key is free. */
  end(key: string): void {
    const next = this.#busy.get(key)?.shift();
    if (next === undefined) this.#busy.delete(key);
    else this.#due.push(next);
  }

  /** Takes an event whose turn has come; there must be one. */
  shiftDue(): Waiting {
    this.size--;
    return this.#due.shift()!;
  }

  /** Takes any event that waits, the longest waiting of its key; there must be one. */
  shiftAny(): Waiting {
    for (const waiting of this.#busy.values()) {
      if (waiting.size > 0) {
        this.size--;
        return waiting.shift()!;
      }
    }
    const due = this.shiftDue();
    this.end(due.key);
    return due;
  }
}
