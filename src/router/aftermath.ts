import type { Deadline } from "../transport/deadline.ts";

/** What goes on after messages are settled, and what the end of their handler waits for. */
export class Aftermath {
  readonly #pending = new Set<Promise<unknown>>();
  #end: Promise<number> | undefined;

  /** Has the end wait for a promise, however it settles. */
  readonly add = (promise: Promise<unknown>): void => {
    const forget = () => this.#pending.delete(promise);
    this.#pending.add(promise);
    promise.then(forget, forget);
  };

  /**
   * Waits until the deadline, which may be brought forward meanwhile, and at least a second; resolves
   * with how many promises have not settled. Every call gets the same promise.
   */
  end(deadline: Deadline): Promise<number> {
    return this.#end ??= this.#wait(deadline);
  }

  async #wait(deadline: Deadline): Promise<number> {
    await deadline.nearlyHolds(this.#settled());
    deadline.end();
    return this.#pending.size;
  }

  /** What settles may have begun something else. */
  async #settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }
}
