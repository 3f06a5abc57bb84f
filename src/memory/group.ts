import { type Member, MemoryLane } from "./lane.ts";
import type { PartitionLog } from "./partition_log.ts";

/** What a group tells its topic. */
export interface GroupEvents {
  /** The committed position of a partition has moved. */
  committed(partition: number): void;
  /** Records of a partition were dropped that this group has not settled. */
  missed(group: Group, partition: number, count: number): void;
}

/**
 * A position in each partition, and the members among which the partitions are divided. One group is
 * its own leader: whoever joins or leaves, it moves as few partitions as it can.
 */
export class Group {
  /** The name; a reader, which is a group of its own, has none. */
  readonly name: string | undefined;
  /** Records that were dropped before this group had settled them. */
  missed = 0;
  readonly #logs: readonly PartitionLog[];
  readonly #committed: Float64Array;
  readonly #lanes: (MemoryLane | undefined)[];
  readonly #generations: number[];
  readonly #members = new Set<Member>();
  readonly #events: GroupEvents;
  readonly #revokeTimeout: number;

  constructor(
    name: string | undefined,
    logs: readonly PartitionLog[],
    positions: Float64Array,
    events: GroupEvents,
    revokeTimeout: number,
  ) {
    this.name = name;
    this.#logs = logs;
    this.#committed = positions;
    this.#lanes = new Array(logs.length).fill(undefined);
    this.#generations = new Array(logs.length).fill(0);
    this.#events = events;
    this.#revokeTimeout = revokeTimeout;
  }

  /** How many members it has. */
  get members(): number {
    return this.#members.size;
  }

  /** The position that is committed in a partition. */
  committed(partition: number): number {
    return this.#committed[partition]!;
  }

  /** How many records of a partition are there and not settled. */
  lag(partition: number): number {
    const { head, tail } = this.#logs[partition]!;
    return tail - Math.max(this.committed(partition), head);
  }

  /** Adds a member. */
  join(member: Member): void {
    this.#members.add(member);
    this.#balance();
  }

  /** Takes a member away. What it has not settled goes to the others. */
  leave(member: Member): void {
    this.#members.delete(member);
    for (const lane of this.#lanes) if (lane?.member === member) this.#release(lane);
    this.#balance();
  }

  /** Takes a lane away from its member without asking. */
  lose(lane: MemoryLane, cause: unknown): void {
    if (!this.owns(lane)) return;
    this.#release(lane);
    lane.member.host.lost(lane, cause);
    this.#balance();
  }

  /** Whether a lane is still in the hands of its member. */
  owns(lane: MemoryLane): boolean {
    return this.#lanes[lane.partition] === lane;
  }

  /** Moves the committed position forward. */
  commit(lane: MemoryLane, position: number): void {
    if (position > this.committed(lane.partition)) lane.settle(position);
    this.#advance(lane.partition, position);
  }

  /** Wakes the member that a partition belongs to. */
  wake(partition: number): void {
    const lane = this.#lanes[partition];
    if (lane !== undefined && !lane.revoking) lane.member.wake();
  }

  /** Tells that the oldest record of a partition is about to be dropped. */
  pass(partition: number): void {
    const { head } = this.#logs[partition]!;
    const lane = this.#lanes[partition];
    if ((lane?.cursor ?? this.committed(partition)) > head) return;
    if (lane === undefined) this.#advance(partition, head + 1);
    else lane.pass();
    this.#miss(partition, 1);
  }

  #advance(partition: number, position: number): void {
    if (position <= this.committed(partition)) return;
    this.#committed[partition] = position;
    this.#events.committed(partition);
  }

  #miss(partition: number, count: number): void {
    this.missed += count;
    this.#events.missed(this, partition, count);
  }

  #release(lane: MemoryLane): void {
    const { partition } = lane;
    this.#lanes[partition] = undefined;
    lane.member.remove(lane);
    // What was dropped while a handler had it cannot be delivered again.
    this.#skip(partition, lane.passed);
  }

  /** Moves the committed position over what was dropped; so much of that was told before. */
  #skip(partition: number, told: number): void {
    const { head } = this.#logs[partition]!;
    const lost = head - this.committed(partition) - told;
    if (lost > 0) this.#miss(partition, lost);
    this.#advance(partition, head);
  }

  /** Gives free partitions to those who have the fewest, then takes from those who have the most. */
  #balance(): void {
    if (this.#members.size === 0) return;
    const sizes = new Map<Member, number>();
    for (const member of this.#members) sizes.set(member, member.lanes.length);
    const give = (member: Member) => sizes.set(member, sizes.get(member)! + 1);
    for (const [partition, lane] of this.#lanes.entries()) {
      if (lane !== undefined && !lane.revoking) continue;
      const member = extreme(sizes, (size, best) => size < best);
      // One that is on its way is counted where it will go by then, lest too many follow it.
      if (lane === undefined) this.#assign(partition, member);
      give(member);
    }
    for (;;) {
      const most = extreme(sizes, (size, best) => size > best);
      const fewest = extreme(sizes, (size, best) => size < best);
      const lane = most.lanes.at(-1);
      if (lane === undefined || sizes.get(most)! - sizes.get(fewest)! < 2) return;
      sizes.set(most, sizes.get(most)! - 1);
      give(fewest);
      this.#revoke(lane);
    }
  }

  #assign(partition: number, member: Member): void {
    const log = this.#logs[partition]!;
    // A reader that is made anew was not there when it was dropped.
    this.#skip(partition, 0);
    const generation = this.#generations[partition]++;
    const lane = new MemoryLane(partition, member, log, this.committed(partition), generation);
    this.#lanes[partition] = lane;
    member.add(lane);
  }

  #revoke(lane: MemoryLane): void {
    lane.revoking = true;
    lane.member.remove(lane);
    const done = () => {
      if (!this.owns(lane)) return;
      this.#release(lane);
      this.#balance();
    };
    // Whatever the engine makes of it: the lane is no longer its own.
    lane.member.host.revoke(lane, this.#revokeTimeout).then(done, done);
  }
}

function extreme(
  sizes: Map<Member, number>,
  isBetter: (size: number, best: number) => boolean,
): Member {
  let [[found, best]] = sizes;
  for (const [member, size] of sizes) {
    if (isBetter(size, best)) [found, best] = [member, size];
  }
  return found;
}
