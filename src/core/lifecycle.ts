import { BusClosedError, DrainTimeoutError } from "./errors.ts";
import { checkDuration, checkOptions, checkSignal } from "./options.ts";
import type { Engine } from "./bus_core.ts";
import type { CloseOptions, DrainOptions } from "./contracts.ts";
import type { Ledger } from "./ledger.ts";
import type { Registry } from "./registry.ts";
import type { CloseReport } from "./stats.ts";

/** Longest delay that timers can take; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

/** How a bus goes from open over draining to closed. It never goes back. */
export class Lifecycle {
  #registry: Registry;
  #ledger: Ledger;
  #engine: Engine;
  #state: "open" | "draining" | "closed" = "open";
  #discarded = 0;
  #report: Promise<CloseReport> | undefined;

  constructor(registry: Registry, ledger: Ledger, engine: Engine) {
    this.#registry = registry;
    this.#ledger = ledger;
    this.#engine = engine;
  }

  /** Whether nothing new is taken from outside handlers. */
  get closed(): boolean {
    return this.#state !== "open";
  }

  /** @throws {BusClosedError} If the bus is closed, or drains and no handler is on the stack. */
  admit(attempt: string): void {
    if (this.#state === "closed" || (this.#state === "draining" && !this.#engine.isInHandler())) {
      throw new BusClosedError(attempt);
    }
  }

  /** @throws {BusClosedError} If the bus is closed; one that drains still takes subscriptions. */
  refuseIfClosed(attempt: string): void {
    if (this.#state === "closed") throw new BusClosedError(attempt);
  }

  /** The `drain` of every engine. */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptions("drain the bus", options, ["timeout", "signal"]);
    const { timeout = 30_000, signal } = options;
    checkDuration("drain the bus", "timeout", timeout);
    checkSignal("drain the bus", signal);
    if (this.#state === "closed") {
      await this.close();
      return;
    }
    this.#state = "draining";
    this.#registry.seal();
    try {
      await this.#settled(timeout, signal);
      const remaining = this.#ledger.open + this.#discarded;
      if (remaining > 0) throw new DrainTimeoutError(remaining, timeout);
    } finally {
      await this.close({ timeout: 0 });
    }
  }

  /** The `close` of every engine. */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    const { timeout = 1_000 } = options;
    try {
      checkOptions("close the bus", options, ["timeout"]);
      checkDuration("close the bus", "timeout", timeout);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#report ??= this.#close(timeout);
  }

  async #close(timeout: number): Promise<CloseReport> {
    this.#state = "closed";
    this.#registry.seal();
    this.#registry.clear();
    this.#discarded = this.#engine.discard();
    this.#ledger.settle();
    await this.#settled(timeout);
    return { discarded: this.#discarded, inDoubt: 0, stuck: this.#ledger.open };
  }

  /** Waits until nothing is open, or the time is over, or (rejecting) the signal aborts. */
  async #settled(timeout: number, signal?: AbortSignal): Promise<void> {
    // When this goes on, the handlers that are on the stack now have returned.
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.#ledger.open === 0 || timeout === 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = timeout > MAX_DELAY ? undefined : setTimeout(done, timeout);
      const forget = this.#ledger.whenSettled(done);
      signal?.addEventListener("abort", done, { once: true });
      function done() {
        clearTimeout(timer);
        forget();
        signal?.removeEventListener("abort", done);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      }
    });
  }
}
