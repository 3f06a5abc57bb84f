/**
 * The books of a bus: what was accepted, and what became of it. In one thread every accepted event
 * is one delivery.
 */
export class Ledger {
  emitted = 0;
  processed = 0;
  dropped = 0;
  failed = 0;
  /** Deliveries whose handlers have all been called, and that wait for promises. */
  pending = 0;
  /** Called when nothing is open any more; what is called takes itself out. */
  readonly waiting: Set<() => void> = new Set();

  /** Deliveries accepted and not settled. */
  get depth(): number {
    return this.emitted - this.processed - this.dropped;
  }

  /** Tells whoever waits, if nothing is open. Called wherever something settles late. */
  settle(): void {
    if (this.waiting.size > 0 && this.depth === 0) {
      for (const callback of this.waiting) callback();
    }
  }
}

/** What an emit throws: the one failure as it was, or all of them. */
export function combine(failures: readonly unknown[], type: string): unknown {
  if (failures.length === 1) return failures[0];
  return new AggregateError(failures, `${failures.length} handlers of event '${type}' failed`);
}
