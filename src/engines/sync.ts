import { BUS_RULES, BusCore } from "../core/bus_core.ts";
import { EventBus } from "../core/event_bus.ts";
import { combine } from "../core/ledger.ts";
import { isThenable } from "../options/thenable.ts";
import { BOOLEAN, checkOptions } from "../options/options.ts";
import { PendingDelivery } from "../core/pending_delivery.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { SyncBus } from "../core/contracts.ts";
import type { Engine } from "../core/engine.ts";
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

/**
 * Creates a bus that calls its handlers inside `emit`.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 */
export function createSyncBus<M extends object = OpenEventMap>(
  options: SyncOptions = {},
): SyncBus<M> {
  checkOptions("create a sync bus", options, { ...BUS_RULES, failFast: BOOLEAN });
  const engine = new SyncEngine(options);
  const face = new EventBus(engine.core, { engine: "sync", threads: 0, transport: "call" });
  const bus = Object.assign(face, {
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

  constructor(options: SyncOptions) {
    this.core = new BusCore(options, this);
    this.#ledger = this.core.ledger;
    this.#failFast = options.failFast ?? false;
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const { sole, registrations } = resolution;
    if (sole === undefined) return this.#deliverToMany(resolution, event);
    const ledger = this.#ledger;
    ledger.emitted++;
    try {
      const result = sole(event);
      if (result === undefined || !isThenable(result)) ledger.processed++;
      else this.#watch(result, registrations[0], event);
    } catch (error) {
      ledger.failed++;
      ledger.processed++;
      throw error;
    }
  }

  /** What is awaited must be counted, as `drain` waits for it; nothing else is. */
  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    const { sole, registrations } = resolution;
    if (sole !== undefined) {
      const result = sole(event);
      if (result !== undefined) this.#watchUncounted(result, registrations[0], event);
      return;
    }
    for (let link = resolution.first; link !== undefined; link = link.next) {
      const { handler } = link;
      const result = handler(event);
      if (result !== undefined) this.#watchUncounted(result, link.registration, event);
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
    const ledger = this.#ledger;
    const { registrations, type } = this.core.registry.lookup(event);
    // By the position of the handler: those that did well leave holes, which `flat` leaves out.
    const failures: unknown[] = [];
    ledger.emitted++;
    try {
      const calls = registrations.map(async ({ handler }, index) => {
        // As yet only a throw has got there.
        if (this.#failFast && failures.length > 0) return;
        try {
          await handler(event);
        } catch (error) {
          failures[index] = error;
        }
      });
      ledger.pending++;
      await Promise.all(calls);
      ledger.pending--;
    } finally {
      ledger.processed++;
      ledger.settle();
    }
    const thrown = failures.flat(0);
    ledger.failed += thrown.length;
    if (thrown.length > 0) throw combine(thrown, type);
  }

  #deliverToMany(resolution: Resolution, event: BusEvent): void {
    const ledger = this.#ledger;
    let failures: unknown[] | undefined;
    let delivery: PendingDelivery | undefined;
    ledger.emitted++;
    // What is counted at the end is counted by no call, as any call may find no stack left.
    try {
      for (let link = resolution.first; link !== undefined; link = link.next) {
        const { handler } = link;
        try {
          const result = handler(event);
          if (result !== undefined && isThenable(result)) {
            const pending = delivery ?? new PendingDelivery(this.core, event);
            pending.follow(result, link.registration);
            delivery = pending;
          }
        } catch (error) {
          ledger.failed++;
          (failures ??= []).push(error);
          if (this.#failFast) break;
        }
      }
    } finally {
      if (delivery === undefined) ledger.processed++;
      else ledger.pending++;
    }
    if (failures !== undefined) throw combine(failures, resolution.type);
  }

  #watch(result: PromiseLike<unknown>, registration: Registration, event: BusEvent): void {
    new PendingDelivery(this.core, event).follow(result, registration);
    this.#ledger.pending++;
  }

  #watchUncounted(result: unknown, registration: Registration, event: BusEvent): void {
    if (!isThenable(result)) return;
    this.#watch(result, registration, event);
    this.#ledger.emitted++;
  }
}
