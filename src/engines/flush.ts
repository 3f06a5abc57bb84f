import type { FlowShard, Flush } from "./flow_shard.ts";

/** Waits until shards have handled what they have now, and lets that leave at once. */
export function flushShards(
  shards: readonly FlowShard[],
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = shards.length;
    const settle = (outcome: () => void) => {
      signal?.removeEventListener("abort", abort);
      for (const shard of shards) shard.flushes.delete(flush);
      outcome();
    };
    const flush: Flush = {
      reach: () => --open === 0 && settle(resolve),
      refuse: (error) => settle(() => reject(error)),
    };
    const abort = () => flush.refuse(signal!.reason);
    signal?.addEventListener("abort", abort);
    for (const shard of shards) shard.flush(flush);
  });
}
