import type { Rec } from "../message/rec.ts";

/** Numbers of a record, by their place. */
const SEQUENCE = 0;
const ARRIVAL = 1;
const TIME = 2;
const START = 3;
const SIZE = 4;
const NUMBERS = 5;

const NO_HEADERS: Rec["headers"] = [];
const NO_BLOCK = new Uint8Array(0);

/**
 * Records as columns, by slot. A log outlives the young generation of the garbage collector, which
 * copies every object that does: kept as objects, 65 536 records cost more than all the rest.
 */
export class RecordColumns {
  readonly #ids: string[];
  readonly #keys: string[];
  readonly #headers: Rec["headers"][];
  readonly #blocks: Uint8Array<ArrayBuffer>[];
  readonly #numbers: Float64Array;

  constructor(size: number) {
    this.#ids = new Array(size).fill("");
    this.#keys = new Array(size).fill("");
    this.#headers = new Array(size).fill(NO_HEADERS);
    this.#blocks = new Array(size).fill(NO_BLOCK);
    this.#numbers = new Float64Array(size * NUMBERS);
  }

  /** Stores a record whose bytes are in a block, with its place in the topic and when it came. */
  set(
    slot: number,
    { id, key, headers, payload, time }: Rec,
    { block, start }: { block: Uint8Array<ArrayBuffer>; start: number },
    sequence: number,
    arrival: number,
  ): void {
    this.#ids[slot] = id;
    this.#keys[slot] = key;
    this.#headers[slot] = headers;
    this.#blocks[slot] = block;
    const at = slot * NUMBERS;
    this.#numbers[at + SEQUENCE] = sequence;
    this.#numbers[at + ARRIVAL] = arrival;
    this.#numbers[at + TIME] = time;
    this.#numbers[at + START] = start;
    this.#numbers[at + SIZE] = payload.length;
  }

  /** The record in a slot; its payload is a view of the block. */
  record(slot: number): Rec {
    const at = slot * NUMBERS;
    const { buffer } = this.#blocks[slot]!;
    return {
      id: this.#ids[slot]!,
      key: this.#keys[slot]!,
      headers: this.#headers[slot]!,
      payload: new Uint8Array(buffer, this.#numbers[at + START], this.#numbers[at + SIZE]),
      time: this.#numbers[at + TIME]!,
    };
  }

  /** The place in the topic of the record in a slot. */
  sequence(slot: number): number {
    return this.#numbers[slot * NUMBERS + SEQUENCE]!;
  }

  /** When the record in a slot came. */
  arrival(slot: number): number {
    return this.#numbers[slot * NUMBERS + ARRIVAL]!;
  }

  /** Forgets what a slot refers to. */
  clear(slot: number): void {
    this.#ids[slot] = "";
    this.#keys[slot] = "";
    this.#headers[slot] = NO_HEADERS;
    this.#blocks[slot] = NO_BLOCK;
  }

  /** Takes a slot over from other columns. */
  copy(slot: number, from: RecordColumns, there: number): void {
    this.#ids[slot] = from.#ids[there]!;
    this.#keys[slot] = from.#keys[there]!;
    this.#headers[slot] = from.#headers[there]!;
    this.#blocks[slot] = from.#blocks[there]!;
    const numbers = from.#numbers.subarray(there * NUMBERS, (there + 1) * NUMBERS);
    this.#numbers.set(numbers, slot * NUMBERS);
  }
}
