import { BusCore } from "../core/bus_core.ts";
import { EventBus } from "../core/event_bus.ts";
import { combine, isThenable, PendingDelivery } from "../core/ledger.ts";
import { checkBoolean, checkOptions } from "../core/options.ts";
import type { Engine } from "../core/bus_core.ts";
import type { BusCapabilities, BusOptions, SyncBus } from "../core/contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";

/** Options of a bus that calls its handlers inside `emit`. */
export interface SyncOptions extends BusOptions {
  /**
   * Whether an emit stops at the first handler that throws, instead of calling the others before
   * it rethrows.
   *
   * @default {false}
   */
  failFast?: boolean;
}

const CAPABILITIES: BusCapabilities = Object.freeze({
  engine: "sync",
  threads: 0,
  transport: "call",
});

/**
 * Creates a bus that calls its handlers inside `emit`.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 */
export function createSyncBus<M extends object = OpenEventMap>(
  options: SyncOptions = {},
): SyncBus<M> {
  const action = "create a sync bus";
  checkOptions(action, options, ["failFast", "onError", "onDrop"]);
  checkBoolean(action, "failFast", options.failFast);
  const engine = new SyncEngine(action, options);
  const bus = Object.assign(new EventBus(engine.core, engine, CAPABILITIES), {
    emitAsync(input: string | BusEvent, data?: unknown): Promise<void> {
      return engine.emitAsync(typeof input === "string" ? { type: input, data } : input);
    },
  });
  return bus as unknown as SyncBus<M>;
}

/** Calls handlers where the event is emitted. */
class SyncEngine implements Engine {
  readonly core: BusCore;
  #ledger: Ledger;
  #failFast: boolean;

  constructor(action: string, options: SyncOptions) {
    this.core = new BusCore(action, options, this);
    this.#ledger = this.core.ledger;
    this.#failFast = options.failFast ?? false;
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const sole = resolution.sole;
    if (sole === undefined) return this.#deliverToMany(resolution, event);
    const ledger = this.#ledger;
    ledger.emitted++;
    try {
      const result = sole(event);
      if (result !== undefined && isThenable(result)) {
        const delivery = new PendingDelivery(ledger, true);
        this.#follow(delivery, result, resolution.registrations[0], event);
        delivery.leave();
        return;
      }
    } catch (error) {
      ledger.failed++;
      ledger.processed++;
      throw error;
    }
    ledger.processed++;
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    const sole = resolution.sole;
    if (sole !== undefined) {
      const result = sole(event);
      if (result !== undefined) this.#watch(result, resolution.registrations[0], event);
      return;
    }
    const { handlers, registrations } = resolution;
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i];
      const result = handler(event);
      if (result !== undefined) this.#watch(result, registrations[i], event);
    }
  }

  isInHandler(): boolean {
    return this.#ledger.depth > this.#ledger.pending;
  }

  discard(): number {
    return 0;
  }

  /** The `emitAsync` of the bus. */
  async emitAsync(event: BusEvent): Promise<void> {
    const { handlers, type } = this.core.registry.lookup(event?.type);
    const results: unknown[] = [];
    this.#ledger.emitted++;
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i];
      try {
        results.push(handler(event));
      } catch (error) {
        results.push(Promise.reject(error));
        if (this.#failFast) break;
      }
    }
    this.#ledger.pending++;
    const outcomes = await Promise.allSettled(results);
    this.#ledger.pending--;
    this.#ledger.processed++;
    const failures = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
    this.#ledger.failed += failures.length;
    this.#ledger.settle();
    if (failures.length > 0) throw combine(failures, type);
  }

  #deliverToMany(resolution: Resolution, event: BusEvent): void {
    const { handlers, registrations } = resolution;
    const ledger = this.#ledger;
    let failures: unknown[] | undefined;
    let delivery: PendingDelivery | undefined;
    ledger.emitted++;
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i];
      try {
        const result = handler(event);
        if (result !== undefined && isThenable(result)) {
          delivery ??= new PendingDelivery(ledger, true);
          this.#follow(delivery, result, registrations[i], event);
        }
      } catch (error) {
        (failures ??= []).push(error);
        if (this.#failFast) break;
      }
    }
    if (delivery === undefined) ledger.processed++;
    else delivery.leave();
    if (failures !== undefined) {
      ledger.failed += failures.length;
      throw combine(failures, resolution.type);
    }
  }

  /** Watches a promise that a handler returned to an `unsafeEmit`. */
  #watch(result: unknown, registration: Registration, event: BusEvent): void {
    if (!isThenable(result)) return;
    const delivery = new PendingDelivery(this.#ledger, false);
    this.#follow(delivery, result, registration, event);
    delivery.leave();
  }

  #follow(
    delivery: PendingDelivery,
    result: PromiseLike<unknown>,
    registration: Registration,
    event: BusEvent,
  ): void {
    delivery.follow(result, (error) => this.core.fail(error, event, registration));
  }
}
