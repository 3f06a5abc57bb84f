import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";

/** What calls the handlers of the thread that made the bus, where there are others beside it. */
export interface HomeQueue {
  readonly core: BusCore;
  /** Whether an event would find no room. */
  readonly isFull: boolean;
  /** Whether any handler here gets events of a type. */
  wants(resolution: Resolution): boolean;
  /**
   * Makes room for an event that is to be delivered next, as far as `overflow` allows it. Gives its
   * resolution, anew if handlers have run for that: they may have ended subscriptions.
   *
   * @throws {QueueFullError} If there is none.
   */
  prepare(resolution: Resolution): Resolution;
  /** Queues an event; one that no handler wants is done with. */
  deliver(resolution: Resolution, event: BusEvent): void;
  /** Whether a handler is on the stack. */
  isInHandler(): boolean;
  /** Drops what waits, reports it, and says how many events that were. */
  discard(): number;
}
