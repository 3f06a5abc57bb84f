import type { Lane } from "@beat/beat/transport";
import { text } from "./layout.ts";
import type { Member } from "./member.ts";
import { POLL } from "./scripts.ts";
import type { StreamEntry, StreamLane } from "./stream_lane.ts";
import { isTrimmed, trimAcked } from "./stream_state.ts";

/** What a lookout tells. */
export interface LookoutOptions {
  /** Whether to remove what all groups have settled. */
  readonly trims: boolean;
  /** Entries were trimmed that the group had not read. */
  missed(lane: StreamLane, count: number, after: string): void;
}

/** Milliseconds between two looks at most. */
const INTERVAL = 500;

/**
 * Looks for what no read brings: entries that are due, those that a member left behind, those that were
 * trimmed unread. The server says nothing of them by itself, so who reads waits no longer than until the
 * next look.
 */
export class Lookout {
  readonly #member: Member;
  readonly #options: LookoutOptions;
  readonly #interval: number;
  #next = 0;

  constructor(member: Member, options: LookoutOptions) {
    this.#member = member;
    this.#options = options;
    this.#interval = Math.min(INTERVAL, member.lease / 4);
  }

  /** Whether it is time to look. */
  get isDue(): boolean {
    // What a limit removes is gone before anybody knows, unless one looks before each read.
    return this.wait === 0 || isTrimmed(this.#member.topic);
  }

  /** Milliseconds until the next look at the latest. */
  get wait(): number {
    return Math.max(0, this.#next - performance.now());
  }

  /** Has the next look at the latest in so many milliseconds; tells whether that is earlier than before. */
  hasten(delay: number): boolean {
    const soonest = performance.now() + delay;
    if (soonest >= this.#next) return false;
    this.#next = soonest;
    return true;
  }

  /** Resolves with what it found in each lane, `room` entries in all at most. */
  async look(
    lanes: readonly StreamLane[],
    room: number,
    paused: (lane: Lane) => boolean,
  ): Promise<(readonly [lane: StreamLane, entries: StreamEntry[]])[]> {
    this.#next = performance.now() + this.#interval;
    const found: (readonly [StreamLane, StreamEntry[]])[] = [];
    for (const lane of lanes) {
      if (room <= 0) {
        this.#next = 0;
        break;
      }
      if (paused(lane)) continue;
      const entries = await this.#poll(lane, room);
      room -= entries.length;
      found.push([lane, entries]);
    }
    const { connection, topic } = this.#member;
    if (this.#options.trims) await trimAcked(connection, topic, lanes);
    return found;
  }

  async #poll(lane: StreamLane, room: number): Promise<StreamEntry[]> {
    const { connection, topic, group, consumer, lease } = this.#member;
    const keys = [lane.stream, topic.keys.delayed(group, lane.partition)];
    const idle = lane.inherits ? 0 : lease;
    const reply = await connection.run(POLL, keys, group, consumer, idle, room, lane.cursor);
    const [cursor, wait, missed, last, taken] = reply as Reply;
    lane.cursor = text(cursor);
    if (lane.cursor === "0-0") lane.inherits = false;
    // There is more to look at.
    else this.#next = 0;
    if (Number(wait) >= 0) this.hasten(Number(wait));
    const after = text(last);
    if (Number(missed) > 0 && lane.gap !== after) {
      lane.gap = after;
      this.#options.missed(lane, Number(missed), after);
    }
    return taken.map(([id, fields, count]) => ({ id: text(id), fields, count: Number(count) }))
      // What the engine has is ours: its lease was prolonged late, but before somebody else had it.
      .filter(({ id }) => !lane.held.has(id));
  }
}

type Reply = [
  cursor: unknown,
  wait: unknown,
  missed: unknown,
  last: unknown,
  taken: [id: Uint8Array, fields: Uint8Array[] | null, count: number][],
];
