import { after } from "./timer.ts";

/** A point in time that can be brought forward, and never put off. */
export class Deadline {
  /** The milliseconds that it was set to. */
  timeout = Infinity;
  #at = Infinity;
  #cancel: () => void = () => {};
  readonly #passed = Promise.withResolvers<false>();

  /** Brings it forward to `timeout` milliseconds from now, if it would be later. */
  set(timeout: number): void {
    const at = Date.now() + timeout;
    if (at >= this.#at) return;
    this.timeout = timeout;
    this.#at = at;
    this.#cancel();
    this.#cancel = after(timeout, () => this.#passed.resolve(false));
  }

  /** Whether a promise, which never rejects, resolves before it. */
  holds(promise: Promise<unknown>): Promise<boolean> {
    return Promise.race([promise.then(() => true), this.#passed.promise]);
  }

  /** Milliseconds until it; less than 0 if it has passed. */
  get left(): number {
    return this.#at - Date.now();
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#at = -Infinity;
    this.#cancel();
  }
}
