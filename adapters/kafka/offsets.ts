import type { StartPosition } from "@beat/beat/message";
import type { LaneLag } from "@beat/beat/transport";
import type { KafkaConsumer } from "./client.ts";
import type { KafkaLane } from "./lane.ts";

/** What brokers take for a time when an end of a partition is meant. */
const END = -1n;
const BEGINNING = -2n;

/** Reads what is not committed, too. */
export const READ_UNCOMMITTED = 0;

/** The offset after the last record, by partition. */
export function endsOf(consumer: KafkaConsumer, topic: string): Promise<readonly bigint[]> {
  return offsetsAt(consumer, topic, END);
}

/** The offset of the first record that is still there, by partition. */
export function beginningsOf(consumer: KafkaConsumer, topic: string): Promise<readonly bigint[]> {
  return offsetsAt(consumer, topic, BEGINNING);
}

/** Where a consumption begins that has no position, by partition. */
export async function startsOf(
  consumer: KafkaConsumer,
  topic: string,
  from: StartPosition,
): Promise<readonly bigint[]> {
  if (from === "earliest") return await beginningsOf(consumer, topic);
  // Asked for first: what is published meanwhile must not be passed over.
  const ends = await endsOf(consumer, topic);
  if (from === "latest") return ends;
  const starts = await offsetsAt(consumer, topic, BigInt(from.getTime()));
  // Where nothing is as late as that, there is no offset.
  return starts.map((start, partition) => start < 0n ? ends[partition]! : start);
}

/** How far behind the end some lanes are. */
export async function lagsOf(
  consumer: KafkaConsumer,
  topic: string,
  lanes: readonly KafkaLane[],
): Promise<readonly LaneLag[]> {
  const ends = await endsOf(consumer, topic);
  const measuredAt = Date.now();
  return lanes.map(({ name, partition, settled }) => {
    return { lane: name, lag: Math.max(0, Number(ends[partition]! - settled)), measuredAt };
  });
}

async function offsetsAt(
  consumer: KafkaConsumer,
  topic: string,
  timestamp: bigint,
): Promise<readonly bigint[]> {
  const options = { topics: [topic], timestamp, isolationLevel: READ_UNCOMMITTED };
  return (await consumer.listOffsets(options)).get(topic)!;
}
