import { inTime } from "../transport/in_time.ts";

/** What goes on after messages are settled, and what the end of their handler waits for. */
export class Aftermath {
  readonly #pending = new Set<Promise<unknown>>();

  /** Has the end wait for a promise, however it settles. */
  readonly add = (promise: Promise<unknown>): void => {
    const forget = () => this.#pending.delete(promise);
    this.#pending.add(promise);
    promise.then(forget, forget);
  };

  /** Waits so many milliseconds at most; resolves with how many promises have not settled. */
  async end(within: number): Promise<number> {
    if (this.#pending.size > 0) await inTime(this.#settled(), within);
    return this.#pending.size;
  }

  /** What settles may have begun something else. */
  async #settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }
}
