/** What a consumption has done so far, in messages unless it says otherwise. */
export interface ConsumeStats {
  /** Taken from the broker. */
  received: number;
  /** Acked, dead letters and discarded ones included. */
  acked: number;
  /** Attempts that failed. */
  failed: number;
  /** Attempts beyond the first, made here. */
  retried: number;
  /** Handed back to the broker to be delivered later. */
  requeued: number;
  /** Handed back without an attempt, at a pause, a rebalance or the end. */
  returned: number;
  /** Whose dead letter was confirmed. */
  deadLettered: number;
  /** Given up by `onExhausted: "discard"`. */
  discarded: number;
  /** Taken away by the broker before they were settled. */
  lost: number;
  /** Decisions that the broker did not take. */
  settleErrors: number;
  /** Taken and not settled. */
  inFlight: number;
  /** Handlers that run. */
  running: number;
}

/** The numbers that only grow. */
export type Counters = Omit<ConsumeStats, "inFlight" | "running">;

/** All zero. */
export function newCounters(): Counters {
  return {
    received: 0,
    acked: 0,
    failed: 0,
    retried: 0,
    requeued: 0,
    returned: 0,
    deadLettered: 0,
    discarded: 0,
    lost: 0,
    settleErrors: 0,
  };
}
