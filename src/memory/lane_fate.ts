import { after } from "../transport/timer.ts";
import type { MemoryDelivery, MemoryLane } from "./lane.ts";
import type { Random } from "./random.ts";

/** The probabilities of what may befall a record, and the longest delay in milliseconds. */
export interface LaneFaults {
  readonly duplicate?: number;
  readonly delay?: number;
  readonly maxDelay?: number;
  readonly reorder?: number;
  readonly crash?: number;
}

/** Delivers the records of a lane as badly as the seed has it. */
export class LaneFate {
  /** When the lane is to be lost: at the next fetch or at the next ack. */
  doom: "fetch" | "ack" | undefined;
  readonly #lane: MemoryLane;
  readonly #faults: LaneFaults;
  readonly #random: Random;
  /** Ends the delay that the next record has; `undefined` is none. */
  #cancel: (() => void) | undefined;
  /** The offset that has had its delay. */
  #delayed = -1;
  /** The offset that is delivered once more. */
  #again: number | undefined;

  constructor(lane: MemoryLane, faults: LaneFaults, random: Random) {
    this.#lane = lane;
    this.#faults = faults;
    this.#random = random;
  }

  /** Delivers at most `room` records. */
  take(room: number, into: MemoryDelivery[]): void {
    const { duplicate = 0, crash = 0 } = this.#faults;
    const start = into.length;
    while (into.length - start < room && this.#cancel === undefined) {
      if (this.#again !== undefined) {
        into.push(this.#lane.deliver(this.#again));
        this.#again = undefined;
        continue;
      }
      const offset = this.#lane.cursor;
      if (offset >= this.#lane.log.tail || this.#delays(offset)) break;
      this.#lane.take(1, into);
      if (this.#random.chance(duplicate)) this.#again = offset;
      this.#reorder(into, start);
      const crashes = this.#random.chance(crash);
      const moment = this.#random.chance(0.5) ? "fetch" : "ack";
      if (crashes) this.doom ??= moment;
    }
    this.#limitCommits(into, start);
  }

  /** Ends its delay. */
  end(): void {
    this.#cancel?.();
  }

  #delays(offset: number): boolean {
    if (offset === this.#delayed) return false;
    const { delay = 0, maxDelay = 100 } = this.#faults;
    const delays = this.#random.chance(delay);
    const time = this.#random.next() * maxDelay;
    if (!delays) return false;
    this.#delayed = offset;
    this.#cancel = after(time, () => {
      this.#cancel = undefined;
      this.#lane.member.wake();
    });
    return true;
  }

  /** Moves the last delivery ahead of others, but never ahead of one with its key. */
  #reorder(into: MemoryDelivery[], start: number): void {
    const { reorder = 0 } = this.#faults;
    if (!this.#random.chance(reorder)) return;
    let at = into.length - 1;
    const delivery = into[at]!;
    do {
      const ahead = into[at - 1];
      if (at === start || (ahead!.rec.key === delivery.rec.key && ahead!.rec.key !== "")) break;
      into[at--] = ahead!;
    } while (this.#random.chance(0.5));
    into[at] = delivery;
  }

  /** Where records were reordered, a settled delivery may not commit those that come behind it. */
  #limitCommits(into: MemoryDelivery[], start: number): void {
    let next = this.#lane.cursor;
    for (let at = into.length - 1; at >= start; at--) {
      const delivery = into[at]!;
      delivery.next = next;
      next = Math.min(next, delivery.token);
    }
  }
}
