/**
 * How a source waits without asking the database: for a while, or until something rings. The one timer
 * of this adapter is here; what polls is the engine, which fetches again.
 */
export class Bell {
  #rings = 0;
  #waiting = new Set<() => void>();

  /** How often it rang: to be asked before looking, so that no ring is missed in between. */
  get rings(): number {
    return this.#rings;
  }

  /** There may be something. */
  ring(): void {
    this.#rings++;
    for (const wake of this.#waiting) wake();
  }

  /** Resolves after `limit` milliseconds, when it has rung since `rings`, or when the signal aborts. */
  wait(rings: number, limit: number, signal: AbortSignal): Promise<void> {
    if (rings !== this.#rings || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limit);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}
