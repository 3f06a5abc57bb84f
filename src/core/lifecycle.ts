import { BusClosedError, DrainTimeoutError } from "./errors.ts";
import { checkOptions, DURATION, SIGNAL } from "./options.ts";
import type { CloseOptions, DrainOptions } from "./contracts.ts";
import type { Engine } from "./engine.ts";
import type { Ledger } from "./ledger.ts";
import type { Registry } from "./registry.ts";
import type { CloseReport } from "./stats.ts";

/** Longest delay that timers can take; a longer one would fire at once. */
export const MAX_DELAY: number = 2 ** 31 - 1;

/** How a bus goes from open over draining to closed. It never goes back. */
export class Lifecycle {
  #registry: Registry;
  #ledger: Ledger;
  #engine: Engine;
  #discarded = 0;
  #report: Promise<CloseReport> | undefined;
  state: "open" | "draining" | "closed" = "open";

  constructor(registry: Registry, ledger: Ledger, engine: Engine) {
    this.#registry = registry;
    this.#ledger = ledger;
    this.#engine = engine;
  }

  /** @throws {BusClosedError} If the bus is closed, or drains and no handler is on the stack. */
  admit(attempt: string): void {
    if (this.state === "closed" || (this.state === "draining" && !this.#engine.isInHandler())) {
      throw new BusClosedError(attempt);
    }
  }

  /** The `drain` of every bus. */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptions("drain the bus", options, { timeout: DURATION, signal: SIGNAL });
    const { timeout = 30_000, signal } = options;
    if (this.state === "closed") return void await this.close();
    this.#seal("draining");
    try {
      await this.#settled(timeout, signal);
      const remaining = this.#ledger.depth + this.#discarded;
      if (remaining > 0) throw new DrainTimeoutError(remaining, timeout);
    } finally {
      await this.close({ timeout: 0 });
    }
  }

  /** The `close` of every bus. */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    try {
      checkOptions("close the bus", options, { timeout: DURATION });
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#report ??= this.#close(options.timeout ?? 1_000);
  }

  async #close(timeout: number): Promise<CloseReport> {
    this.#seal("closed");
    for (const registration of this.#registry.live) registration.end(true);
    this.#discarded = this.#engine.discard();
    this.#ledger.settle();
    await this.#settled(timeout);
    return { discarded: this.#discarded, inDoubt: 0, stuck: this.#ledger.depth };
  }

  #seal(state: "draining" | "closed"): void {
    this.state = state;
    this.#registry.seal();
  }

  /** Waits until nothing is open, or the time is over, or (rejecting) the signal aborts. */
  async #settled(timeout: number, signal?: AbortSignal): Promise<void> {
    // When this goes on, the handlers that are on the stack now have returned.
    await null;
    signal?.throwIfAborted();
    if (this.#ledger.depth === 0 || timeout === 0) return;
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#ledger.waiting.delete(done);
        signal?.removeEventListener("abort", done);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      };
      const timer = timeout > MAX_DELAY ? undefined : setTimeout(done, timeout);
      this.#ledger.waiting.add(done);
      signal?.addEventListener("abort", done);
    });
  }
}
