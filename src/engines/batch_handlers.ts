import { Registration } from "../core/registration.ts";
import { Registry } from "../core/registry.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BatchHandler } from "../core/flow_contracts.ts";
import type { SubscribeOptions } from "../core/subscription.ts";
import type { BusEvent, Handler } from "../core/event.ts";
import type { EventBus } from "../core/event_bus.ts";

/** A subscription of `onBatch`, and the events that it gets of one batch. */
export interface Share {
  readonly registration: Registration;
  readonly events: BusEvent[];
}

/** The subscriptions of `onBatch`. */
export class BatchHandlers {
  #core: BusCore;
  // Nobody emits into it, so that it needs no gate.
  #registry = new Registry();

  constructor(core: BusCore) {
    this.#core = core;
    this.#registry.onRemove = core.registry.onRemove;
  }

  /** How many there are. */
  get size(): number {
    return this.#registry.live.size;
  }

  /** The `onBatch` of the bus. */
  add(pattern: string, handler: BatchHandler, options?: SubscribeOptions): Registration {
    // It is called with the events of a batch wherever another one is called with an event.
    const called = handler as unknown as Handler;
    return this.#core.on(pattern, called, options, undefined, this.#registry);
  }

  /** Whether a subscription is, or was, one of these. */
  owns(registration: Registration): boolean {
    return registration.isOf(this.#registry);
  }

  /** Whether a subscription is one of these, and live. */
  has(registration: Registration): boolean {
    return this.#registry.live.has(registration);
  }

  /** Whether an event of the type of `typed` would be handed to any of them. */
  wants(typed: { readonly type: string }): boolean {
    return this.size > 0 && this.#registry.lookup(typed).first !== undefined;
  }

  /** Who gets which of these events, in the order of registration. */
  share(events: readonly (BusEvent | undefined)[]): Share[] {
    const shares = new Map<Registration, Share>();
    const byType = new Map<string, BusEvent[][]>();
    for (let i = 0; i < events.length; i++) {
      const event = events[i];
      const type = typeOf(event);
      if (event === undefined || type === undefined) continue;
      let lists = byType.get(type);
      if (lists === undefined) byType.set(type, lists = this.#listsOf(type, shares));
      for (let k = 0; k < lists.length; k++) lists[k].push(event);
    }
    return [...shares.values()].sort((a, b) => a.registration.order - b.registration.order);
  }

  /** The events of each subscription that matches the type. */
  #listsOf(type: string, shares: Map<Registration, Share>): BusEvent[][] {
    return this.#registry.current(type).registrations.map((registration) => {
      const share = shares.get(registration) ?? { registration, events: [] };
      shares.set(registration, share);
      return share.events;
    });
  }

  /** What a bus has for subscriptions of both kinds. */
  methods(face: EventBus): Pick<EventBus, "off"> & { onBatch: BatchHandlers["add"] } {
    const { off } = face;
    return {
      onBatch: (pattern, handler, options) => this.add(pattern, handler, options),
      off: (subscription) => {
        const isForBatches = subscription instanceof Registration && this.owns(subscription);
        return isForBatches ? subscription.unsubscribe() : off.call(face, subscription);
      },
    };
  }

  /** Ends all of them, as the bus closes. */
  end(): void {
    for (const registration of this.#registry.live) registration.end(true);
  }
}

/** The type of what a stage left; `undefined` if that is no event. */
export function typeOf(event: BusEvent | null | undefined): string | undefined {
  try {
    const type: unknown = event?.type;
    return typeof type === "string" && type !== "" ? type : undefined;
  } catch {
    return undefined;
  }
}
