import type { CloseOptions } from "../message/contracts.ts";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import { checkOptions, DURATION } from "../options/options.ts";
import { CLOSE_TIMEOUT } from "./deadline.ts";
import { after } from "./timer.ts";

/** What is closed. */
export interface Closable {
  /** What errors call it. */
  readonly name: string;
  /** How much is not settled. */
  remaining(): number;
  /** Settles all of it as failed: the time is over. */
  abandon(cause: CloseTimeoutError): void;
  /** What to end when nothing remains, one after the other. */
  readonly ends: readonly (() => Promise<void>)[];
}

/** The end of something: once, whoever asks how often, and within the shortest time that was given. */
export class Shutdown {
  readonly #closable: Closable;
  readonly #ends: (() => Promise<void>)[];
  #closed: PromiseWithResolvers<void> | undefined;
  #ending = false;

  constructor(closable: Closable) {
    this.#closable = closable;
    this.#ends = [...closable.ends];
  }

  /** @throws {ClosedError} If it has begun. */
  refuse(attempt: string): void {
    if (this.#closed !== undefined) throw new ClosedError(attempt, this.#closable.name);
  }

  /**
   * Resolves when what remains is settled and ended.
   *
   * @throws {TypeError | RangeError} If `timeout` is no time.
   * @throws {CloseTimeoutError} If that took too long: then it was abandoned.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions(`close the ${this.#closable.name}`, options, { timeout: DURATION });
    const { timeout = CLOSE_TIMEOUT } = options;
    this.#closed ??= Promise.withResolvers();
    this.progress();
    const cancel = after(timeout, () => this.#expire(timeout));
    try {
      await this.#closed.promise;
    } finally {
      cancel();
    }
  }

  /** To be called when something is settled. */
  progress(): void {
    if (this.#closed === undefined || this.#ending || this.#closable.remaining() > 0) return;
    this.#ending = true;
    this.#end(this.#closed);
  }

  async #end({ resolve, reject }: PromiseWithResolvers<void>): Promise<void> {
    const errors: unknown[] = [];
    for (let end = this.#ends.shift(); end !== undefined; end = this.#ends.shift()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 0) resolve();
    else if (errors.length === 1) reject(errors[0]);
    else reject(new AggregateError(errors, `Closing the ${this.#closable.name} failed`));
  }

  #expire(timeout: number): void {
    const error = new CloseTimeoutError(
      this.#closable.name,
      timeout,
      this.#closable.remaining(),
    );
    this.#ending = true;
    this.#closed!.reject(error);
    this.#closable.abandon(error);
    // Nobody is left to hear of what goes wrong now.
    for (const end of this.#ends.splice(0)) end().catch(() => {});
  }
}
