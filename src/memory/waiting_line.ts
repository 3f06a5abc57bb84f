/** A publisher in a {@linkcode WaitingLine}. */
export interface Waiter {
  /** Resolves when it is its turn to try again; rejects with what ended the wait. */
  turn(): Promise<void>;
  /** Ends its wait. */
  fail(cause: unknown): void;
  /** Leaves the line; the next one gets its turn. */
  leave(): void;
}

/** Publishers that wait for room: first come, first served. Nobody gets past them. */
export class WaitingLine {
  readonly #waiters: LineWaiter[] = [];

  /** How many wait. */
  get length(): number {
    return this.#waiters.length;
  }

  /** Gets in line. */
  join(): Waiter {
    const waiter = new LineWaiter(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      this.call();
    });
    this.#waiters.push(waiter);
    return waiter;
  }

  /** There may be room: the first one may try again. */
  call(): void {
    this.#waiters[0]?.call();
  }

  /** Ends the wait of all. */
  fail(cause: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.fail(cause);
  }
}

class LineWaiter implements Waiter {
  readonly leave: () => void;
  #pending: PromiseWithResolvers<void> | undefined;
  #failure: { cause: unknown } | undefined;

  constructor(leave: () => void) {
    this.leave = leave;
  }

  turn(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.cause);
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  call(): void {
    this.#pending?.resolve();
  }

  fail(cause: unknown): void {
    this.#failure = { cause };
    this.#pending?.reject(cause);
  }
}
