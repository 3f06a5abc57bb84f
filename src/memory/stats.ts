import type { Topic } from "./topic.ts";

/** Counts of a consumer group. */
export interface GroupStats {
  /** Its name. */
  readonly group: string;
  /** Members that are there now. */
  readonly members: number;
  /** Records that it has not settled. */
  readonly lag: number;
  /** Records that were dropped before it had settled them. */
  readonly missed: number;
}

/** Counts of a topic. */
export interface TopicStats {
  /** Records that were ever published. */
  readonly published: number;
  /** Records that it holds. */
  readonly records: number;
  /** Records that some group or reader did not get, once for each of them. */
  readonly missed: number;
  /** Publishes that wait for room. */
  readonly waiting: number;
  /** Groups, those without members included. */
  readonly groups: readonly GroupStats[];
}

/** The counts of a topic as they are now. */
export function statsOf(topic: Topic): TopicStats {
  return {
    published: topic.published,
    records: topic.size,
    missed: topic.drops.total,
    waiting: topic.line.length,
    groups: [...topic.groups.values()].map((group) => ({
      group: group.name!,
      members: group.members,
      lag: [...topic.partitions.keys()].reduce((sum, partition) => sum + group.lag(partition), 0),
      missed: group.missed,
    })),
  };
}
