import type { Rec } from "../message/rec.ts";
import { Arena } from "./arena.ts";

const SMALLEST = 16;

/** The records of one partition, by offset: a ring that grows and shrinks by powers of two. */
export class PartitionLog {
  /** The offset of the oldest record. */
  head = 0;
  /** The offset that the next record gets. */
  tail = 0;
  #records: (Rec | undefined)[] = [];
  #sequences = new Float64Array(0);
  #times = new Float64Array(0);
  #mask = -1;
  readonly #arena = new Arena();

  /**
   * Appends a record with a copy of its bytes. `sequence` is its place in the topic, `time` when it came,
   * in milliseconds since 1970.
   */
  append({ id, key, headers, payload, time }: Rec, sequence: number, now: number): void {
    if (this.tail - this.head > this.#mask) this.#resize(Math.max(SMALLEST, (this.#mask + 1) * 2));
    const slot = this.tail++ & this.#mask;
    this.#records[slot] = { id, key, headers, payload: this.#arena.copy(payload), time };
    this.#sequences[slot] = sequence;
    this.#times[slot] = now;
  }

  /** The record at an offset from `head` to `tail`. */
  at(offset: number): Rec {
    return this.#records[offset & this.#mask]!;
  }

  /** The place in the topic of the record at an offset. */
  sequenceAt(offset: number): number {
    return this.#sequences[offset & this.#mask]!;
  }

  /** The place in the topic of the oldest record; `Infinity` if there is none. */
  get oldest(): number {
    return this.head === this.tail ? Infinity : this.sequenceAt(this.head);
  }

  /** Whether the oldest record came before a time. */
  isOlderThan(time: number): boolean {
    return this.head < this.tail && this.#times[this.head & this.#mask]! < time;
  }

  /** The offset of the first record that came at a time or after it. */
  firstSince(time: number): number {
    let low = this.head;
    let high = this.tail;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#times[middle & this.#mask]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the oldest record. */
  dropOldest(): void {
    this.#records[this.head++ & this.#mask] = undefined;
    const size = this.#mask + 1;
    if (size > SMALLEST && (this.tail - this.head) * 4 <= size) this.#resize(size / 2);
  }

  #resize(size: number): void {
    const records: (Rec | undefined)[] = new Array(size).fill(undefined);
    const sequences = new Float64Array(size);
    const times = new Float64Array(size);
    for (let offset = this.head; offset < this.tail; offset++) {
      const slot = offset & (size - 1);
      records[slot] = this.at(offset);
      sequences[slot] = this.sequenceAt(offset);
      times[slot] = this.#times[offset & this.#mask]!;
    }
    this.#records = records;
    this.#sequences = sequences;
    this.#times = times;
    this.#mask = size - 1;
  }
}
