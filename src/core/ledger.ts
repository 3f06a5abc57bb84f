import { show } from "../options/refusal.ts";

/** What other threads have counted. */
export interface RemoteBooks {
  /** Adds what they have counted since the last time. */
  collect(): void;
  /** Whether one of them may take something new that this one knows nothing of. */
  readonly isOpen: boolean;
}

/**
 * The books of a bus: what was accepted, and what became of it. In one thread every accepted event
 * is one delivery.
 */
export class Ledger {
  emitted = 0;
  processed = 0;
  dropped = 0;
  failed = 0;
  /** Deliveries among the dropped that a dead thread may have handled. */
  inDoubt = 0;
  /** Deliveries whose handlers have all been called, and that wait for promises. */
  pending = 0;
  /** Books that other threads keep. */
  declare remote: RemoteBooks | undefined;
  /** Called when nothing is open any more; what is called takes itself out. */
  readonly waiting: Set<() => void> = new Set();

  /** Deliveries accepted and not settled. */
  get depth(): number {
    this.remote?.collect();
    return this.emitted - this.processed - this.dropped;
  }

  /** Whether nothing is open, and nobody beyond reach can open anything. */
  get isQuiet(): boolean {
    return this.depth === 0 && !this.remote?.isOpen;
  }

  /** Tells whoever waits, if nothing is open. Called wherever something settles late. */
  settle(): void {
    if (this.waiting.size > 0 && this.isQuiet) {
      for (const callback of this.waiting) callback();
    }
  }
}

/** What an emit throws: the one failure as it was, or all of them. */
export function combine(failures: readonly unknown[], type: string): unknown {
  if (failures.length === 1) return failures[0];
  return new AggregateError(failures, `${failures.length} handlers of event ${show(type)} failed`);
}
