import { after } from "./timer.ts";

/**
 * How a source waits in its fetch where the client does not do so by itself: for a while, or until
 * something rings. It has the only timer that an adapter needs; what asks again is the engine.
 *
 * @example Wait for what may come meanwhile
 * ```ts
 * import { Bell } from "@beat/beat/transport";
 *
 * const bell = new Bell();
 * const { rings } = bell; // before looking, so that no ring is missed in between
 * bell.ring();
 * await bell.wait(rings, 60_000, new AbortController().signal); // at once
 * ```
 */
export class Bell {
  #rings = 0;
  readonly #waiting = new Set<() => void>();

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
        cancel();
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = after(limit, wake);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}
