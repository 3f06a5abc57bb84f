/**
 * Counts of *deliveries*: an event is one delivery for each side that gets it, in one thread
 * exactly one. While the bus is quiet, `emitted = processed + dropped + depth`.
 */
export interface BusStats {
  /** Deliveries begun. */
  emitted: number;
  /** Deliveries whose handlers have all settled, failed or not, or that a stage has ended. */
  processed: number;
  /** Deliveries given up: for want of room, or by `close`. */
  dropped: number;
  /** Deliveries accepted and not settled yet. */
  depth: number;
  /**
   * Failures: one for each handler that threw or rejected, one for each event of a batch whose
   * stage failed, one for each event that `events()` lost.
   */
  failed: number;
  /** Deliveries among the dropped that a dead thread may have handled. */
  inDoubt: number;
  /** Live subscriptions. */
  subscriptions: number;
}

/** What `close` could not finish, in deliveries. */
export interface CloseReport {
  /** Queued, and never handled. */
  discarded: number;
  /** Given up because a dead thread may have handled them. */
  inDoubt: number;
  /** Still running when the time was over. */
  stuck: number;
}
