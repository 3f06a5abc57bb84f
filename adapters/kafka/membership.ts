import { type Connection, offsetCommitV8 } from "@platformatic/kafka";
import type { KafkaConsumer } from "./client.ts";
import { isRefusedFor } from "./errors.ts";

/** What a member is between two times that partitions are shared out. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
}

/** What a member hears when partitions were shared out. */
export interface Joined {
  readonly memberId: string;
  readonly generationId: number;
  readonly assignments: readonly {
    readonly topic: string;
    readonly partitions: readonly number[];
  }[];
}

/** What is answered to a member that the group will not take whenever it tries. */
const REFUSALS = ["INCONSISTENT_GROUP_PROTOCOL", "INVALID_GROUP_ID", "INVALID_SESSION_TIMEOUT"];

/**
 * Resolves when a client is a member of its group.
 *
 * @throws {RangeError} If the broker takes no such member, whose sessions are too short for it perhaps.
 */
export async function joinGroup(member: KafkaConsumer, group: string): Promise<void> {
  try {
    await member.joinGroup({});
  } catch (cause) {
    const reason = REFUSALS.find((one) => isRefusedFor(cause, one));
    if (reason === undefined) throw cause;
    const text = `Cannot join group '${group}' as the broker refuses it with ${reason}`;
    throw new RangeError(text, { cause });
  }
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
