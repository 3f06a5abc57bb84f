import type { Delivery, Lane } from "@beat/beat/transport";
import type { KafkaBatch, KafkaRecord } from "./client.ts";
import { type Place, readRecord } from "./record.ts";

/** The flag of a batch that holds marks of transactions instead of messages. */
const CONTROL = 0b10_0000;

/** A partition as one owner has it, from one assignment to the next. */
export class KafkaLane implements Lane {
  readonly name: string;
  readonly partition: number;
  fenced = false;
  /** The offset from which on nothing is settled. */
  settled: bigint;
  /** The offset that is fetched next. */
  next: bigint;
  readonly #topic: string;
  #kept: [record: KafkaRecord, place: Place][] = [];
  #taken = 0;

  constructor(topic: string, partition: number, start: bigint) {
    this.#topic = topic;
    this.name = String(partition);
    this.partition = partition;
    this.settled = this.next = start;
  }

  /** Whether there is nothing to hand over. */
  get isEmpty(): boolean {
    return this.#taken === this.#kept.length;
  }

  /** Goes on at an offset. */
  jump(offset: bigint): void {
    this.settled = this.next = offset;
  }

  /** Keeps what was fetched, until it is taken. */
  keep(batches: readonly KafkaBatch[]): void {
    // Two brokers may answer when the leader has changed: what is here comes first.
    if (!this.isEmpty) return;
    for (const { attributes, firstOffset, firstTimestamp, lastOffsetDelta, records } of batches) {
      const isControl = (attributes & CONTROL) !== 0;
      for (const record of isControl ? [] : records) {
        const offset = firstOffset + BigInt(record.offsetDelta);
        // A batch comes whole, and may begin before what was asked for.
        if (offset < this.next) continue;
        const time = Number(firstTimestamp + record.timestampDelta);
        const place = { topic: this.#topic, partition: this.partition, offset, time };
        this.#kept.push([record, place]);
      }
      const end = firstOffset + BigInt(lastOffsetDelta) + 1n;
      if (end > this.next) this.next = end;
    }
  }

  /** Hands over so many records at most. */
  take(room: number): Delivery[] {
    const taken = this.#kept.slice(this.#taken, this.#taken + room);
    this.#taken += taken.length;
    if (this.isEmpty) {
      this.#kept = [];
      this.#taken = 0;
    }
    return taken.map(([record, place]) => {
      return { rec: readRecord(record, place), token: place.offset, lane: this, count: 1 };
    });
  }
}

/** The lane of a delivery. */
export function laneOf({ lane }: Delivery): KafkaLane {
  return lane as KafkaLane;
}

/** The offset of a delivery. */
export function offsetOf({ token }: Delivery): bigint {
  return token as bigint;
}
