import type { KafkaBatch } from "../mod.ts";

/** A batch of records without anything in them. */
export function batchOf(firstOffset: bigint, count: number): KafkaBatch {
  const bare = { timestampDelta: 0n, key: null, value: null, headers: [] };
  return {
    ...{ attributes: 0, firstOffset, firstTimestamp: 0n, lastOffsetDelta: count - 1 },
    records: Array.from({ length: count }, (_, offsetDelta) => ({ ...bare, offsetDelta })),
  };
}
