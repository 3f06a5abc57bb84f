import { partitionOf } from "../transport/partition.ts";
import type { Rec } from "../message/rec.ts";
import type { StartPosition } from "../message/contracts.ts";
import type { SourceSpec } from "../transport/port.ts";
import { Drops } from "./drops.ts";
import { Group, type GroupEvents } from "./group.ts";
import {
  type MemoryDrop,
  type MemoryTopicConfig,
  resolveConfig,
  type ResolvedConfig,
} from "./options.ts";
import { PartitionLog } from "./partition_log.ts";
import { WaitingLine } from "./waiting_line.ts";

/** What a topic needs of its broker. */
export interface TopicEnvironment {
  /** Tells the user of records that a consumer did not get. */
  readonly report: (drop: MemoryDrop) => void;
  /** Milliseconds that a member may take to give up a lane. */
  readonly revokeTimeout: number;
}

/** A bounded log in partitions, and those who read it. */
export class Topic implements GroupEvents {
  readonly name: string;
  readonly partitions: readonly PartitionLog[];
  /** The groups by name; they stay when nobody is in them. */
  readonly groups = new Map<string, Group>();
  /** Publishers that wait for room. */
  readonly line = new WaitingLine();
  /** What consumers did not get. */
  readonly drops: Drops;
  /** How it is made; `partitions` never changes. */
  config: ResolvedConfig;
  /** Records that were ever published. */
  published = 0;
  readonly #environment: TopicEnvironment;
  readonly #readers = new Set<Group>();
  /** The last reader of each subscription: who subscribes anew for it goes on where that was. */
  readonly #bookmarks = new WeakMap<SourceSpec, Group>();
  /** In each partition, the position that all groups have committed. */
  readonly #settled: Float64Array;
  /** The place in the topic of the oldest record of each partition, if all groups have settled it. */
  readonly #droppable: Float64Array;
  /** How many records there are. */
  #size = 0;
  /** Where the next record without a key goes. */
  #turn = 0;
  /** Partitions that got records since consumers were woken. */
  readonly #fresh = new Set<number>();
  /** Why records were dropped the last time: who was away by then hears of it later. */
  #reason: MemoryDrop["reason"] = "overflow";

  constructor(name: string, config: ResolvedConfig, environment: TopicEnvironment) {
    this.name = name;
    this.config = config;
    this.#environment = environment;
    this.drops = new Drops(environment.report);
    this.partitions = Array.from({ length: config.partitions }, () => new PartitionLog());
    this.#settled = new Float64Array(config.partitions).fill(Infinity);
    this.#droppable = new Float64Array(config.partitions).fill(Infinity);
  }

  /** How many records there are. */
  get size(): number {
    return this.#size;
  }

  /** The group of that name, or a new one that begins at a position. */
  group(name: string, from: StartPosition): Group {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = this.#newGroup(name, from);
      this.groups.set(name, group);
      this.#settleAll();
    }
    return group;
  }

  /** A reader: a group of one, that holds nothing up and that nobody else can join. */
  reader(spec: SourceSpec): Group {
    const before = this.#bookmarks.get(spec);
    const reader = this.#newGroup(undefined, spec.from, before);
    this.#readers.add(reader);
    this.#bookmarks.set(spec, reader);
    return reader;
  }

  /** Forgets a reader, or a group with its positions. */
  forget(group: Group): void {
    this.#readers.delete(group);
    if (group.name === undefined || !this.groups.delete(group.name)) return;
    this.#settleAll();
    this.line.call();
  }

  /** How many consumers are there now. */
  get consumers(): number {
    return [...this.groups.values()].reduce(
      (sum, group) => sum + group.members,
      this.#readers.size,
    );
  }

  /** Drops the oldest until there is room for `count` more records; tells whether there is. */
  makeRoom(count: number): boolean {
    while (this.#size + count > this.config.maxMessages) {
      let oldest = indexOfLeast(this.#droppable);
      if (oldest === undefined && this.config.overflow === "drop-oldest") {
        oldest = indexOfLeast(this.partitions.map((log) => log.oldest));
      }
      if (oldest === undefined) return false;
      this.#dropOldest(oldest, "overflow");
    }
    return true;
  }

  /** Appends a record, with a copy of its bytes. Who calls it sees to it that there is room. */
  append(rec: Rec, now: number): void {
    const count = this.partitions.length;
    const partition = rec.key === "" ? this.#turn++ % count : partitionOf(rec.key, count);
    const log = this.partitions[partition]!;
    log.append(rec, this.published++, now);
    if (log.tail - log.head === 1) this.#review(partition);
    this.#size++;
    this.#fresh.add(partition);
  }

  /** Wakes those for whom there is something new. */
  wake(): void {
    for (const partition of this.#fresh) {
      for (const group of this.groups.values()) group.wake(partition);
      for (const reader of this.#readers) reader.wake(partition);
    }
    this.#fresh.clear();
  }

  /** Drops what is older than `retentionMs`. */
  expire(): void {
    if (this.config.retentionMs === Infinity) return;
    const limit = Date.now() - this.config.retentionMs;
    const before = this.#size;
    for (const [partition, log] of this.partitions.entries()) {
      while (log.isOlderThan(limit)) this.#dropOldest(partition, "retention");
    }
    if (this.#size < before) this.line.call();
  }

  /** Changes how it is made; returns the names of the fields that changed. */
  configure(config: MemoryTopicConfig): string[] {
    const next = resolveConfig(this.config, config);
    const changed = Object.keys(next).filter((field) => {
      return next[field as keyof ResolvedConfig] !== this.config[field as keyof ResolvedConfig];
    });
    this.config = next;
    this.makeRoom(0);
    this.line.call();
    return changed;
  }

  /** The records from a time on, in the order in which they were published. */
  records(since: number, limit: number): Rec[] {
    const found: { sequence: number; rec: Rec }[] = [];
    for (const log of this.partitions) {
      const first = log.firstSince(since);
      const end = Math.min(log.tail, first + limit);
      for (let offset = first; offset < end; offset++) {
        found.push({ sequence: log.sequenceAt(offset), rec: log.at(offset) });
      }
    }
    found.sort((one, other) => one.sequence - other.sequence);
    return found.slice(0, limit).map(({ rec }) => rec);
  }

  committed(partition: number): void {
    if (this.#settle(partition) && this.line.length > 0) this.line.call();
  }

  missed(group: Group, partition: number, count: number): void {
    this.drops.add({
      topic: this.name,
      ...(group.name === undefined ? {} : { group: group.name }),
      lane: String(partition),
      count,
      reason: this.#reason,
    });
  }

  /** A group that begins where it is told to, or where another one was. */
  #newGroup(name: string | undefined, from: StartPosition, before?: Group): Group {
    const positions = Float64Array.from(this.partitions, (log, partition) => {
      if (before !== undefined) return before.committed(partition);
      if (from === "latest") return log.tail;
      return from === "earliest" ? log.head : log.firstSince(from.getTime());
    });
    return new Group(name, this.partitions, positions, this, this.#environment.revokeTimeout);
  }

  /** Tells whether the position that all groups have committed has moved. */
  #settle(partition: number): boolean {
    const before = this.#settled[partition]!;
    let settled = Infinity;
    for (const group of this.groups.values()) {
      settled = Math.min(settled, group.committed(partition));
    }
    this.#settled[partition] = settled;
    this.#review(partition);
    return settled !== before;
  }

  #settleAll(): void {
    for (const partition of this.partitions.keys()) this.#settle(partition);
  }

  /** Looks again whether the oldest record of a partition may be dropped. */
  #review(partition: number): void {
    const log = this.partitions[partition]!;
    const isSettled = log.head < this.#settled[partition]!;
    this.#droppable[partition] = isSettled ? log.oldest : Infinity;
  }

  #dropOldest(partition: number, reason: MemoryDrop["reason"]): void {
    this.#reason = reason;
    for (const group of this.groups.values()) group.pass(partition);
    for (const reader of this.#readers) reader.pass(partition);
    this.partitions[partition]!.dropOldest();
    this.#review(partition);
    this.#size--;
  }
}

/** Where the least number is that is not `Infinity`. */
function indexOfLeast(numbers: ArrayLike<number>): number | undefined {
  let least = Infinity;
  let found: number | undefined;
  for (let at = 0; at < numbers.length; at++) {
    if (numbers[at]! >= least) continue;
    least = numbers[at]!;
    found = at;
  }
  return found;
}
