import type { StartPosition } from "@beat/beat/message";
import type { KafkaAdmin, KafkaConsumer } from "./client.ts";
import { isRefusedFor } from "./errors.ts";
import { beginningsOf, startsOf } from "./offsets.ts";
import type { Topic } from "./topics.ts";

/** What positions belong to. */
export interface Holder {
  readonly consumer: KafkaConsumer;
  readonly topic: Topic;
  readonly group: string;
  readonly from: StartPosition;
}

/**
 * Gives a group that is new on a topic its positions before anybody joins it. What is published as soon as
 * the first member is there comes, whichever member gets its partition, and however late.
 */
export async function foundGroup(admin: KafkaAdmin, holder: Holder): Promise<void> {
  const { consumer, topic: { name, leaders }, group: groupId, from } = holder;
  const starts = await startsOf(consumer, name, from);
  const partitionIndexes = leaders.map((_, partition) => partition);
  const topics = [{ name, partitionIndexes }];
  const [found] = await admin.listConsumerGroupOffsets({ groups: [{ groupId, topics }] });
  const committed = found?.topics.flatMap(({ partitions }) => partitions) ?? [];
  if (committed.some(({ committedOffset }) => committedOffset >= 0n)) return;
  const partitionOffsets = starts.map((offset, partition) => ({ partition, offset }));
  try {
    await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name, partitionOffsets }] });
  } catch (error) {
    // Somebody was faster, and is in the group by now.
    if (!isRefusedFor(error, "UNKNOWN_MEMBER_ID")) throw error;
  }
}

/** Where a member goes on in some partitions, and which of that the group does not know yet. */
export async function positionsOf(
  holder: Holder,
  member: KafkaConsumer,
  partitions: readonly number[],
): Promise<{ positions: ReadonlyMap<number, bigint>; unknown: ReadonlyMap<number, bigint> }> {
  const { consumer, topic: { name, leaders }, from } = holder;
  const all = leaders.map((_, partition) => partition);
  const options = { topics: [{ topic: name, partitions: all }] };
  const committed = (await member.listCommittedOffsets(options)).get(name) ?? [];
  const isMissing = (partition: number) => (committed[partition] ?? -1n) < 0n;
  const missing = partitions.filter(isMissing);
  const unknown = new Map<number, bigint>();
  if (missing.length > 0) {
    // A partition that is new to a group is new in the topic: nothing of it may be passed over.
    const isNew = all.every(isMissing);
    const starts = await (isNew ? startsOf(consumer, name, from) : beginningsOf(consumer, name));
    for (const partition of missing) unknown.set(partition, starts[partition]!);
  }
  const positions = partitions.map((partition) =>
    [partition, unknown.get(partition) ?? committed[partition]!] as const
  );
  return { positions: new Map(positions), unknown };
}
