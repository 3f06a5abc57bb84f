import { type Connection, offsetCommitV8 } from "@platformatic/kafka";
import type { KafkaConsumer } from "./client.ts";

/** What a member is between two times that partitions are shared out. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
}

/**
 * Commits the positions of some partitions for the membership in which they were read. The `commit` of the
 * client takes the one of the moment, and joins the group again when it is refused: a late commit could
 * then move a position back that is another member's by now.
 */
export async function commitPositions(
  consumer: KafkaConsumer,
  { group, memberId, generation }: Membership,
  topic: string,
  positions: ReadonlyMap<number, bigint>,
): Promise<void> {
  const node = await consumer.findGroupCoordinator();
  const connection = (await consumer.connectToBrokers([node])).get(node);
  if (connection === undefined) throw new Error(`The coordinator of group '${group}' is away`);
  const partitions = Array.from(positions, ([partitionIndex, committedOffset]) => ({
    partitionIndex,
    committedOffset,
    committedLeaderEpoch: -1,
  }));
  await offsetCommitV8.api.async(
    connection as Connection,
    group,
    generation,
    memberId,
    null,
    [{ name: topic, partitions }],
  );
}
