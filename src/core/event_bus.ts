import { BatchError, BusClosedError } from "./errors.ts";
import { refuse, show } from "../options/refusal.ts";
import { createEventIterator } from "./event_iterator.ts";
import { BusTarget } from "./event_target.ts";
import { close, drain } from "./lifecycle.ts";
import { checkOptions, SIGNAL } from "../options/options.ts";
import { Registration } from "./registration.ts";
import { EventTopic } from "./topic.ts";
import type { BusCore } from "./bus_core.ts";
import type { CloseOptions, DrainOptions } from "./bus_options.ts";
import type { BusCapabilities } from "./contracts.ts";
import type {
  EventIterator,
  EventsOptions,
  OnceOptions,
  SubscribeOptions,
  Subscription,
} from "./subscription.ts";
import type { BatchFailure } from "./errors.ts";
import type { BusEvent, Handler } from "./event.ts";
import type { Registry } from "./registry.ts";
import type { BusStats, CloseReport } from "./stats.ts";

/**
 * The face of every bus: what `Bus` in `contracts.ts` documents, untyped. A kind of bus is this
 * face over an engine, and what only that engine offers.
 */
export class EventBus {
  #core: BusCore;
  #registry: Registry;
  #target: EventTarget | undefined;
  readonly capabilities: BusCapabilities;

  constructor(core: BusCore, capabilities: BusCapabilities) {
    this.#core = core;
    this.#registry = core.registry;
    this.capabilities = Object.freeze(capabilities);
  }

  emit(input: string | BusEvent, data?: unknown): void {
    const event = typeof input === "string" ? { type: input, data } : input;
    this.#core.engine.deliver(this.#registry.lookup(event), event);
  }

  unsafeEmit(input: string | BusEvent, data?: unknown): void {
    const event = typeof input === "string" ? { type: input, data } : input;
    this.#core.engine.deliverUnsafely(this.#registry.lookup(event), event);
  }

  emitBatch(events: readonly BusEvent[]): void {
    if (!Array.isArray(events)) refuse("emit a batch", "events", "an array", events);
    this.#core.admit("emit a batch");
    const failures: BatchFailure[] = [];
    for (let index = 0; index < events.length; index++) {
      try {
        const event = events[index];
        this.#core.engine.deliver(this.#registry.lookup(event), event);
      } catch (error) {
        failures.push({ index, error });
      }
    }
    if (failures.length > 0) throw new BatchError(failures, events.length);
  }

  topic(type: string): EventTopic {
    return new EventTopic(type, this.#registry, this.#core.engine);
  }

  on(pattern: string, handler: Handler, options?: SubscribeOptions): Subscription {
    return this.#core.on(pattern, handler, options);
  }

  once(pattern: string, options: OnceOptions = {}): Promise<BusEvent> {
    const action = `wait for ${show(pattern)}`;
    const promise = new Promise<BusEvent>((resolve, reject) => {
      checkOptions(action, options, { signal: SIGNAL });
      const { signal } = options;
      this.#core.on(pattern, resolve, { signal, once: true } as SubscribeOptions, (closed) => {
        if (signal?.aborted) reject(signal.reason);
        if (!closed) return;
        // Somebody may have stopped waiting long ago: that must not end the process.
        promise.catch(() => {});
        reject(new BusClosedError(action));
      });
    });
    return promise;
  }

  off(subscription: Subscription): boolean {
    if (subscription instanceof Registration && subscription.isOf(this.#registry)) {
      return subscription.unsubscribe();
    }
    refuse("end a subscription", "subscription", "what 'on' of this bus returned", subscription);
  }

  events(pattern: string, options?: EventsOptions): EventIterator<BusEvent> {
    return createEventIterator(this.#core, pattern, options);
  }

  asEventTarget(): EventTarget {
    return this.#target ??= new BusTarget(this.#core);
  }

  prewarm(types: readonly string[]): void {
    if (!Array.isArray(types)) refuse("prewarm", "types", "an array", types);
    this.#core.admit("prewarm");
    for (const type of types) this.#registry.resolve(type, "prewarm");
  }

  stats(): BusStats {
    // The depth first: it brings the others up to date.
    const { depth, emitted, processed, dropped, failed, inDoubt } = this.#core.ledger;
    const subscriptions = this.#registry.live.size;
    return { emitted, processed, dropped, depth, failed, inDoubt, subscriptions };
  }

  drain(options?: DrainOptions): Promise<void> {
    return drain(this.#core, options);
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return close(this.#core, options);
  }

  get closed(): boolean {
    return this.#core.state !== "open";
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }
}
