import type { BusEvent } from "./event.ts";
import type { Subscription } from "./subscription.ts";

/** Where and how a failure happened. */
export interface ErrorContext {
  /** The event that was handled. */
  event: BusEvent;
  /** The subscription whose handler failed; of a handler in another thread only its pattern. */
  subscription: Subscription;
}

/** What was dropped, and why. */
export interface DropReport {
  /**
   * `"overflow"`: a queue or buffer was full. `"closed"`: the bus closed before its turn came.
   * `"thread-failed"`: its thread could not be brought to serve. `"thread-stuck"`: its thread does
   * not stop. `"in-doubt"`: its thread died while it handled the event, which a `CrashError` names.
   */
  reason: "overflow" | "closed" | "thread-failed" | "thread-stuck" | "in-doubt";
  /** How many events: 1 on overflow, or all of one type that a thread has dropped; so at close. */
  count: number;
  /** Type of the dropped events. */
  type: string;
  /** The event, on overflow in the thread of the bus. */
  event?: BusEvent;
}

/** Options that every bus takes. */
export interface BusOptions {
  /**
   * Receives every error that no caller receives: of promises that handlers return, and of
   * handlers that a queue calls. What it throws itself is printed.
   *
   * @default {console.error, for the first failure of each subscription}
   */
  onError?: (error: unknown, context: ErrorContext) => void;
  /**
   * Receives a report of whatever is dropped. What it throws is printed.
   *
   * @default {console.error, once of each type, for what a thread drops that has failed}
   */
  onDrop?: (report: DropReport) => void;
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * How long running handlers may take to end, in milliseconds.
   *
   * @default {1000}
   */
  timeout?: number;
}

/** Options of `drain`. */
export interface DrainOptions {
  /**
   * How long to wait, in milliseconds.
   *
   * @default {30000}
   */
  timeout?: number;
  /** Gives up when it aborts: `drain` rejects with its reason, and the bus is closed. */
  signal?: AbortSignal;
}
