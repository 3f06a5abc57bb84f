import type { Slot } from "./slot.ts";

/**
 * One chain per key while the key has slots: the first may run, the others wait until it is done with.
 * There are as many chains as keys in flight, so memory is bounded by `prefetch`.
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
    return false;
  }

  /** Takes the first slot out of its chain; returns the one that may run now. */
  leave(slot: Slot): Slot | undefined {
    if (slot.key === "") return undefined;
    const next = slot.nextOfKey;
    slot.nextOfKey = undefined;
    if (next !== undefined) return next;
    this.#tails.delete(slot.key);
    return undefined;
  }
}
