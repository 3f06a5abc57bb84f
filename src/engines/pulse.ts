import { BusClosedError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import type { ThreadCounters } from "./thread_counters.ts";

/** Lets a thread that waits show life in time, if the bus watches it: see `watchStalls`. */
export class Pulse {
  /** Milliseconds between two signs of life. */
  readonly interval: number;
  readonly #counters: ThreadCounters;
  readonly #isStopping: () => boolean;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(counters: ThreadCounters, stallTimeout: number, isStopping: () => boolean) {
    this.#counters = counters;
    this.#isStopping = isStopping;
    this.interval = stallTimeout > MAX_DELAY ? Infinity : stallTimeout / 4;
  }

  /** Shows from now on that the event loop turns, however long a promise is waited for. */
  start(): void {
    if (this.interval === Infinity) return;
    this.#timer = setInterval(() => this.#counters.showLife(), this.interval);
  }

  /**
   * Shows it while the thread waits for room, and has no timers.
   *
   * @throws {BusClosedError} If the thread is to stop.
   */
  show(): void {
    if (this.#isStopping()) throw new BusClosedError("wait for room in a ring");
    this.#counters.showLife();
  }

  /** Shows nothing any more. */
  end(): void {
    clearInterval(this.#timer);
  }
}
