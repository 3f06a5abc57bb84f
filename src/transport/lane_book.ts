import type { Delivery, Lane } from "./port.ts";
import type { Slot } from "./slot.ts";

/**
 * The settled prefix of a lane, for brokers that commit a position: slots settle in any order, and the
 * position moves over those that have no unsettled one before them.
 */
export class LaneBook {
  readonly lane: Lane;
  /** Slots that the position has not passed. */
  size = 0;
  #head: Slot | undefined;
  #tail: Slot | undefined;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  /** The slot that the position cannot pass. */
  get oldest(): Slot | undefined {
    return this.#head;
  }

  /** Notes a slot behind all others. */
  add(slot: Slot): void {
    if (this.#tail === undefined) this.#head = slot;
    else this.#tail.nextOfLane = slot;
    this.#tail = slot;
    this.size++;
  }

  /** Moves the position over what is settled; returns the delivery to commit, if it moved. */
  advance(): Delivery | undefined {
    let last: Slot | undefined;
    while (this.#head?.settled) {
      last = this.#head;
      this.#head = last.nextOfLane;
      last.nextOfLane = undefined;
      this.size--;
    }
    if (this.#head === undefined) this.#tail = undefined;
    return last?.delivery;
  }
}
