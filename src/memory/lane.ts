import type { Delivery, Host, Lane } from "../transport/port.ts";
import type { PartitionLog } from "./partition_log.ts";

/** A delivery that knows what to commit. */
export interface MemoryDelivery extends Delivery {
  readonly token: number;
  readonly lane: MemoryLane;
  /** The position that is reached when this delivery, and all that came before it, are settled. */
  next: number;
}

/** A consumer in a group. */
export interface Member {
  /** The engine that it delivers to. */
  readonly host: Host;
  /** The lanes that it may fetch from. */
  readonly lanes: readonly MemoryLane[];
  /** Gives it a lane. */
  add(lane: MemoryLane): void;
  /** Takes a lane away. */
  remove(lane: MemoryLane): void;
  /** Tells that there may be something to fetch. */
  wake(): void;
}

/** A partition in the hands of a member. */
export class MemoryLane implements Lane {
  readonly name: string;
  fenced = false;
  readonly partition: number;
  readonly member: Member;
  readonly log: PartitionLog;
  /** How often its partition had an owner in this group before. */
  readonly generation: number;
  /** The offset that is delivered next. */
  cursor: number;
  /** Whether the member must give it up: it settles what it has, and gets no more. */
  revoking = false;
  /** Offsets from, to that were dropped before their delivery, behind the committed position. */
  #gaps: [from: number, to: number][] = [];

  constructor(
    partition: number,
    member: Member,
    log: PartitionLog,
    cursor: number,
    generation: number,
  ) {
    this.name = String(partition);
    this.partition = partition;
    this.member = member;
    this.log = log;
    this.cursor = cursor;
    this.generation = generation;
  }

  /** Delivers at most `room` records. */
  take(room: number, into: MemoryDelivery[]): void {
    const end = Math.min(this.log.tail, this.cursor + room);
    while (this.cursor < end) into.push(this.deliver(this.cursor++));
  }

  /** The delivery of the record at an offset. */
  deliver(offset: number): MemoryDelivery {
    return { rec: this.log.at(offset), token: offset, lane: this, count: 1, next: offset + 1 };
  }

  /** Passes over the record at the cursor, which is dropped. */
  pass(): void {
    const last = this.#gaps.at(-1);
    if (last?.[1] === this.cursor) last[1]++;
    else this.#gaps.push([this.cursor, this.cursor + 1]);
    this.cursor++;
  }

  /** Forgets what lies behind the committed position. */
  settle(position: number): void {
    while (this.#gaps.length > 0 && this.#gaps[0]![1] <= position) this.#gaps.shift();
  }

  /** How many records it passed over since the committed position. */
  get passed(): number {
    return this.#gaps.reduce((sum, [from, to]) => sum + to - from, 0);
  }
}
