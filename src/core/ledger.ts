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
  /** Deliveries of `unsafeEmit`, which are not counted, that wait for promises. */
  uncounted = 0;
  #waiting: (() => void)[] = [];

  /** Deliveries accepted and not settled. */
  get depth(): number {
    return this.emitted - this.processed - this.dropped;
  }

  /** Everything that a drain has to wait for. */
  get open(): number {
    return this.depth + this.uncounted;
  }

  /** Resolves the waiting drains, if nothing is open. Called where something settles late. */
  settle(): void {
    if (this.#waiting.length === 0 || this.open > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Calls `callback` once when nothing is open any more; returns how to forget it. */
  whenSettled(callback: () => void): () => void {
    this.#waiting.push(callback);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== callback);
    };
  }
}

/** A delivery with handlers that returned promises. It settles when all of them have. */
export class PendingDelivery {
  #ledger: Ledger;
  #counted: boolean;
  #onSettled: (() => void) | undefined;
  /** One for the emit that still calls handlers, one for each promise. */
  #open = 1;

  /** Creates it for an emit that is counted, or for an `unsafeEmit`, which is not. */
  constructor(ledger: Ledger, counted: boolean, onSettled?: () => void) {
    this.#ledger = ledger;
    this.#counted = counted;
    this.#onSettled = onSettled;
  }

  /** Waits for what a handler returned; `onRejected` hears of a rejection. */
  follow(result: PromiseLike<unknown>, onRejected: (error: unknown) => void): void {
    this.#open++;
    // Promise.resolve makes a foreign thenable safe: it may throw, or call back twice.
    Promise.resolve(result).then(
      () => this.#release(),
      (error) => {
        onRejected(error);
        this.#release();
      },
    );
  }

  /** Says that the emit has called all handlers: from now on only promises are waited for. */
  leave(): void {
    if (this.#counted) this.#ledger.pending++;
    else this.#ledger.uncounted++;
    this.#open--;
  }

  #release(): void {
    if (--this.#open > 0) return;
    if (this.#counted) {
      this.#ledger.pending--;
      this.#ledger.processed++;
    } else {
      this.#ledger.uncounted--;
    }
    this.#onSettled?.();
    this.#ledger.settle();
  }
}

/** Whether a handler returned a promise, its own or a foreign one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && (typeof value === "object" || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** What an emit throws: the one failure as it was, or all of them. */
export function combine(failures: readonly unknown[], type: string): unknown {
  if (failures.length === 1) return failures[0];
  return new AggregateError(failures, `${failures.length} handlers of event '${type}' failed`);
}
