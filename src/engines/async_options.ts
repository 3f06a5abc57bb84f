import { BUS_RULES } from "../core/bus_core.ts";
import { choice, integer, powerOfTwo } from "../options/options.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { Rules } from "../options/options.ts";

/** Options of a bus that queues its events. */
export interface AsyncOptions extends BusOptions {
  /**
   * How many events may wait, a power of two.
   *
   * @default {65536}
   */
  capacity?: number;
  /**
   * What an emit does that finds the queue full. `"block"` handles waiting events itself until
   * there is room, and throws a {@linkcode QueueFullError} where that cannot be: inside a handler,
   * or while `concurrency` promises are pending. `"error"` throws it at once. The others drop an
   * event, count it and tell `onDrop`.
   *
   * @default {"block"}
   */
  overflow?: "block" | "error" | "drop-newest" | "drop-oldest";
  /**
   * How many events may have promises of their handlers pending at a time. Events start in their
   * order; of events with the same `key` only one at a time.
   *
   * @default {256}
   */
  concurrency?: number;
}

/** How many events may wait, unless told otherwise. */
export const CAPACITY = 65_536;

/** The rules of {@linkcode AsyncOptions}. */
export const ASYNC_RULES: Rules = {
  ...BUS_RULES,
  capacity: powerOfTwo(1, 2 ** 24),
  overflow: choice("block", "error", "drop-newest", "drop-oldest"),
  concurrency: integer(1),
};
