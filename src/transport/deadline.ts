import { inTime } from "./in_time.ts";
import { after } from "./timer.ts";

/** Milliseconds that `close` waits, unless it is told otherwise. */
export const CLOSE_TIMEOUT = 30_000;

/** Milliseconds for what comes last, however late it is: handlers that were asked to stop, hooks, acks, the source. */
export const GRACE = 1_000;

/** A point in time that can be brought forward, and never put off. */
export class Deadline {
  /** The milliseconds that it was set to. */
  timeout = Infinity;
  /** By `performance.now()`, which no one sets back. */
  #at = Infinity;
  #cancel: () => void = () => {};
  readonly #passed = Promise.withResolvers<false>();

  /** Brings it forward to `timeout` milliseconds from now, if it would be later. */
  set(timeout: number): void {
    const at = performance.now() + timeout;
    if (at >= this.#at) return;
    this.timeout = timeout;
    this.#at = at;
    this.#cancel();
    this.#cancel = after(timeout, () => this.#passed.resolve(false));
  }

  /** Whether a promise settles before it. */
  holds(promise: Promise<unknown>): Promise<boolean> {
    const settled = () => true;
    return Promise.race([promise.then(settled, settled), this.#passed.promise]);
  }

  /** Whether a promise settles before it, or within a second where that is later. */
  async nearlyHolds(promise: Promise<unknown>): Promise<boolean> {
    const soon = inTime(promise, GRACE);
    return await this.holds(promise) || await soon;
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#at = -Infinity;
    this.#cancel();
  }
}
