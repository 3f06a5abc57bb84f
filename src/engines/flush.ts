import type { Flush } from "./flow_shard.ts";

/** What a flush waits for. */
export interface Flushed {
  /** The calls of `flush` that wait. */
  readonly flushes: Map<Flush, unknown>;
  /** Makes one more wait for all that is accepted now. */
  flush(flush: Flush): void;
}

/** Waits until shards have handled what they have now, and lets that leave at once. */
export function flushShards(
  shards: readonly Flushed[],
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
