import type { Slot } from "./slot.ts";

/**
 * One chain per key while the key has slots: the first may run, the others wait until it is done with.
 * Slots link themselves, and leave from any place in constant time, so memory is bounded by `prefetch`.
 */
export class KeyChains {
  readonly #tails = new Map<string, Slot>();

  /** Appends a slot to the chain of its key; tells whether it is the first and may run. */
  join(slot: Slot): boolean {
    if (slot.key === "") return true;
    const tail = this.#tails.get(slot.key);
    this.#tails.set(slot.key, slot);
    if (tail === undefined) return true;
    tail.nextOfKey = slot;
    slot.previousOfKey = tail;
    return false;
  }

  /** Takes a slot out of its chain; returns the one that may run now. */
  leave(slot: Slot): Slot | undefined {
    if (slot.key === "") return undefined;
    const { previousOfKey: previous, nextOfKey: next } = slot;
    slot.previousOfKey = slot.nextOfKey = undefined;
    if (previous !== undefined) previous.nextOfKey = next;
    if (next !== undefined) next.previousOfKey = previous;
    else if (previous !== undefined) this.#tails.set(slot.key, previous);
    else this.#tails.delete(slot.key);
    return previous === undefined ? next : undefined;
  }
}
