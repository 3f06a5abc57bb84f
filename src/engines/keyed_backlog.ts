import { Fifo } from "../core/fifo.ts";
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
  #due = new Set<Waiting>();
  /** All that wait, due or not, in the order in which they came. */
  #all = new Set<Waiting>();

  /** How many events wait, due or not. */
  get size(): number {
    return this.#all.size;
  }

  /** Whether any key is at work: a cheap question, asked for each event. */
  get active(): boolean {
    return this.#busy.size > 0;
  }

  /** Whether an event's turn has come. */
  get hasDue(): boolean {
    return this.#due.size > 0;
  }

  /** Takes an event if its key is at work; says whether it did. */
  hold(key: string, resolution: Resolution, event: BusEvent): boolean {
    const waiting = this.#busy.get(key);
    if (waiting === undefined) return false;
    const held = { key, resolution, event };
    waiting.push(held);
    this.#all.add(held);
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
    else this.#due.add(next);
  }

  /** Takes the event whose turn came first; there must be one. */
  shiftDue(): Waiting {
    const [first] = this.#due;
    this.#due.delete(first);
    this.#all.delete(first);
    return first;
  }

  /** Takes the event that has waited longest, due or not; there must be one. */
  shiftOldest(): Waiting {
    const [oldest] = this.#all;
    this.#all.delete(oldest);
    if (this.#due.delete(oldest)) this.end(oldest.key);
    else this.#busy.get(oldest.key)!.shift();
    return oldest;
  }
}
