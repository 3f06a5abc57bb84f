import type { Rec } from "../message/rec.ts";
import { Arena } from "./arena.ts";
import { RecordColumns } from "./record_columns.ts";

const SMALLEST = 16;

/** The records of one partition, by offset: a ring that grows and shrinks by powers of two. */
export class PartitionLog {
  /** The offset of the oldest record. */
  head = 0;
  /** The offset that the next record gets. */
  tail = 0;
  #columns = new RecordColumns(0);
  #mask = -1;
  readonly #arena = new Arena();

  /**
   * Appends a record with a copy of its bytes. `sequence` is its place in the topic, `now` when it came,
   * in milliseconds since 1970.
   */
  append(rec: Rec, sequence: number, now: number): void {
    if (this.tail - this.head > this.#mask) this.#resize(Math.max(SMALLEST, (this.#mask + 1) * 2));
    this.#arena.put(rec.payload);
    this.#columns.set(this.tail++ & this.#mask, rec, this.#arena, sequence, now);
  }

  /** The record at an offset from `head` to `tail`. */
  at(offset: number): Rec {
    return this.#columns.record(offset & this.#mask);
  }

  /** The place in the topic of the record at an offset. */
  sequenceAt(offset: number): number {
    return this.#columns.sequence(offset & this.#mask);
  }

  /** The place in the topic of the oldest record; `Infinity` if there is none. */
  get oldest(): number {
    return this.head === this.tail ? Infinity : this.sequenceAt(this.head);
  }

  /** Whether the oldest record came before a time. */
  isOlderThan(time: number): boolean {
    return this.head < this.tail && this.#arrivalAt(this.head) < time;
  }

  /** The offset of the first record that came at a time or after it. */
  firstSince(time: number): number {
    let low = this.head;
    let high = this.tail;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#arrivalAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the oldest record. */
  dropOldest(): void {
    this.#columns.clear(this.head++ & this.#mask);
    const size = this.#mask + 1;
    if (size > SMALLEST && (this.tail - this.head) * 4 <= size) this.#resize(size / 2);
  }

  #arrivalAt(offset: number): number {
    return this.#columns.arrival(offset & this.#mask);
  }

  #resize(size: number): void {
    const columns = new RecordColumns(size);
    for (let offset = this.head; offset < this.tail; offset++) {
      columns.copy(offset & (size - 1), this.#columns, offset & this.#mask);
    }
    this.#columns = columns;
    this.#mask = size - 1;
  }
}
