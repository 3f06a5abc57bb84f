import { BatchError, show } from "./errors.ts";
import { EventTopic } from "./topic.ts";
import type { BusCore, Engine } from "./bus_core.ts";
import type {
  BusCapabilities,
  CloseOptions,
  DrainOptions,
  EventIterator,
  EventsOptions,
  OnceOptions,
  SubscribeOptions,
  Subscription,
} from "./contracts.ts";
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
  #engine: Engine;
  #registry: Registry;
  readonly capabilities: BusCapabilities;

  constructor(core: BusCore, engine: Engine, capabilities: BusCapabilities) {
    this.#core = core;
    this.#engine = engine;
    this.#registry = core.registry;
    this.capabilities = capabilities;
  }

  emit(input: string | BusEvent, data?: unknown): void {
    const event = typeof input === "string" ? { type: input, data } : input;
    this.#engine.deliver(this.#registry.lookup(event?.type), event);
  }

  unsafeEmit(input: string | BusEvent, data?: unknown): void {
    const event = typeof input === "string" ? { type: input, data } : input;
    this.#engine.deliverUnsafely(this.#registry.lookup(event?.type), event);
  }

  emitBatch(events: readonly BusEvent[]): void {
    if (!Array.isArray(events)) {
      throw new TypeError(
        `Cannot emit a batch as 'events' must be an array: current value is ${show(events)}`,
      );
    }
    this.#core.lifecycle.admit("emit a batch");
    let failures: BatchFailure[] | undefined;
    for (let index = 0; index < events.length; index++) {
      const event = events[index];
      try {
        this.#engine.deliver(this.#registry.lookup(event?.type), event);
      } catch (error) {
        (failures ??= []).push({ index, error });
      }
    }
    if (failures !== undefined) throw new BatchError(failures, events.length);
  }

  topic(type: string): EventTopic {
    return new EventTopic(type, this.#registry, this.#engine);
  }

  on(pattern: string, handler: Handler, options?: SubscribeOptions): Subscription {
    return this.#core.on(pattern, handler, options);
  }

  once(pattern: string, options?: OnceOptions): Promise<BusEvent> {
    return this.#core.once(pattern, options);
  }

  off(subscription: Subscription): boolean {
    return this.#core.off(subscription);
  }

  events(pattern: string, options?: EventsOptions): EventIterator<BusEvent> {
    return this.#core.events(pattern, options);
  }

  asEventTarget(): EventTarget {
    return this.#core.asEventTarget();
  }

  prewarm(types: readonly string[]): void {
    this.#core.prewarm(types);
  }

  stats(): BusStats {
    return this.#core.stats();
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#core.lifecycle.drain(options);
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return this.#core.lifecycle.close(options);
  }

  get closed(): boolean {
    return this.#core.lifecycle.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }
}
