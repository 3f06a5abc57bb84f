import type { Rules } from "../options/options.ts";
import type { SubscribeOptions } from "./subscription.ts";
import type { BusEvent } from "./event.ts";
import type { Registration } from "./registration.ts";
import type { Resolution } from "./resolution.ts";

/** How events get from an emit to the handlers: what distinguishes one kind of bus from another. */
export interface Engine {
  /** Delivers an event, or queues it. */
  deliver(resolution: Resolution, event: BusEvent): void;
  /** Delivers with neither isolation nor counting, where the engine calls handlers at once. */
  deliverUnsafely(resolution: Resolution, event: BusEvent): void;
  /** Whether a handler of the bus is on the stack. */
  isInHandler(): boolean;
  /** Options of `on` that only this engine takes. */
  readonly subscribeRules?: Rules;
  /** Is told of each new subscription, with its options. */
  subscribed?(registration: Registration, options?: SubscribeOptions): void;
  /** Stops what runs beside this thread, by force when the time in milliseconds is over. */
  stop?(timeout: number): Promise<void>;
  /** Drops what waits in queues, reports it, and says how many events that were. */
  discard(): number;
}
