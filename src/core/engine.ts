import type { BusEvent } from "./event.ts";
import type { Resolution } from "./resolution.ts";

/** How events get from an emit to the handlers: what distinguishes one kind of bus from another. */
export interface Engine {
  /** Delivers an event, or queues it. */
  deliver(resolution: Resolution, event: BusEvent): void;
  /** Delivers with neither isolation nor counting, where the engine calls handlers at once. */
  deliverUnsafely(resolution: Resolution, event: BusEvent): void;
  /** Whether a handler of the bus is on the stack. */
  isInHandler(): boolean;
  /** Drops what waits in queues, reports it, and says how many events that were. */
  discard(): number;
}
