import type { KafkaConsumer } from "./client.ts";
import type { KafkaLane } from "./lane.ts";
import { beginningsOf, endsOf } from "./offsets.ts";

/** Hears of records of a lane that are gone: how many, and the offset of the first. */
export type Missed = (lane: KafkaLane, count: number, from: bigint) => void;

/** Has lanes go on where there is something, if what they want next is not there any more. */
export async function skipGap(
  consumer: KafkaConsumer,
  topic: string,
  lanes: readonly KafkaLane[],
  missed: Missed,
): Promise<void> {
  const [beginnings, ends] = await Promise.all([
    beginningsOf(consumer, topic),
    endsOf(consumer, topic),
  ]);
  for (const lane of lanes) {
    const { next, partition } = lane;
    const beginning = beginnings[partition]!;
    if (next >= beginning && next <= ends[partition]!) continue;
    if (next < beginning) missed(lane, Number(beginning - next), next);
    // Beyond the end nothing is known: the log has lost its end, and what came instead must not be lost.
    lane.jump(beginning);
  }
}
