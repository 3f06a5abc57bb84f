import { BusClosedError, show } from "./errors.ts";
import { createEventIterator } from "./event_iterator.ts";
import { createEventTarget } from "./event_target.ts";
import { Ledger } from "./ledger.ts";
import { Lifecycle } from "./lifecycle.ts";
import { checkBoolean, checkFunction, checkOptions, checkSignal } from "./options.ts";
import { Registration } from "./registration.ts";
import { Registry } from "./registry.ts";
import type {
  BusOptions,
  DropReport,
  EventIterator,
  EventsOptions,
  OnceOptions,
  SubscribeOptions,
  Subscription,
} from "./contracts.ts";
import type { BusEvent, Handler } from "./event.ts";
import type { Resolution } from "./resolution.ts";
import type { BusStats } from "./stats.ts";

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

/**
 * What every engine has in common: subscriptions, books, hooks, drain and close.
 */
export class BusCore {
  readonly registry: Registry;
  readonly ledger: Ledger = new Ledger();
  readonly lifecycle: Lifecycle;
  #onError: BusOptions["onError"];
  #onDrop: BusOptions["onDrop"];

  constructor(action: string, options: BusOptions, engine: Engine) {
    checkFunction(action, "onError", options.onError, true);
    checkFunction(action, "onDrop", options.onDrop, true);
    this.#onError = options.onError;
    this.#onDrop = options.onDrop;
    this.registry = new Registry((type) => this.lifecycle.admit(`emit '${type}'`));
    this.lifecycle = new Lifecycle(this.registry, this.ledger, engine);
  }

  /** The `on` of every engine. */
  on(pattern: string, handler: Handler, options?: SubscribeOptions): Registration {
    const action = `subscribe to ${show(pattern)}`;
    this.lifecycle.refuseIfClosed(action);
    checkFunction(action, "handler", handler);
    if (options === undefined) return this.registry.add(pattern, handler);
    checkOptions(action, options, ["once", "signal"]);
    const { once, signal } = options;
    checkBoolean(action, "once", once);
    checkSignal(action, signal);
    const registration = this.registry.add(pattern, handler);
    // A second event may come before the first has been handled, even within its handler.
    if (once) {
      registration.handler = (event) => registration.unsubscribe() ? handler(event) : undefined;
    }
    if (signal !== undefined) endOnAbort(registration, signal);
    return registration;
  }

  /** The promise form of `once`. */
  once(pattern: string, options: OnceOptions = {}): Promise<BusEvent> {
    const action = `wait for ${show(pattern)}`;
    const promise = new Promise<BusEvent>((resolve, reject) => {
      checkOptions(action, options, ["signal"]);
      const { signal } = options;
      checkSignal(action, signal);
      signal?.throwIfAborted();
      const registration = this.on(pattern, resolve, { once: true });
      if (signal !== undefined) endOnAbort(registration, signal);
      const forget = registration.onEnd;
      registration.onEnd = (closed) => {
        forget?.(closed);
        if (signal?.aborted) reject(signal.reason);
        if (!closed) return;
        // Somebody may have stopped waiting long ago: that must not end the process.
        promise.catch(() => {});
        reject(new BusClosedError(action));
      };
    });
    return promise;
  }

  /** The `off` of every engine. */
  off(subscription: Subscription): boolean {
    if (subscription instanceof Registration && subscription.registry === this.registry) {
      return subscription.unsubscribe();
    }
    throw new TypeError(
      `Cannot end a subscription as it is not one of this bus: current value is ${
        show(subscription)
      }`,
    );
  }

  /** The `events` of every engine. */
  events(pattern: string, options?: EventsOptions): EventIterator<BusEvent> {
    return createEventIterator(this, pattern, options);
  }

  /** The `asEventTarget` of every engine. */
  asEventTarget(): EventTarget {
    return createEventTarget(this);
  }

  /** The `prewarm` of every engine. */
  prewarm(types: readonly string[]): void {
    if (!Array.isArray(types)) {
      throw new TypeError(
        `Cannot prewarm as 'types' must be an array: current value is ${show(types)}`,
      );
    }
    for (const type of types) this.registry.resolve(type);
  }

  /** The `stats` of every engine. */
  stats(): BusStats {
    const { emitted, processed, dropped, depth, failed } = this.ledger;
    return {
      emitted,
      processed,
      dropped,
      depth,
      failed,
      inDoubt: 0,
      subscriptions: this.registry.size,
    };
  }

  /** Counts a failure that no caller gets, and tells `onError` or the console. */
  fail(error: unknown, event: BusEvent, subscription: Registration): void {
    this.ledger.failed++;
    if (this.#onError === undefined) {
      if (subscription.printed) return;
      subscription.printed = true;
      console.error(`A handler of '${subscription.pattern}' failed on '${event.type}':`, error);
      return;
    }
    this.#call("onError", () => this.#onError!(error, { event, subscription }));
  }

  /** Tells `onDrop`. Counting is the caller's, as only some of what drops is a delivery. */
  reportDrop(report: DropReport): void {
    if (this.#onDrop !== undefined) this.#call("onDrop", () => this.#onDrop!(report));
  }

  #call(name: string, hook: () => unknown): void {
    const print = (error: unknown) => console.error(`The hook '${name}' failed:`, error);
    try {
      const result = hook();
      if (result instanceof Promise) result.catch(print);
    } catch (error) {
      print(error);
    }
  }
}

/** Ends a subscription when the signal aborts; lets go of the signal when it ends before that. */
function endOnAbort(registration: Registration, signal: AbortSignal): void {
  if (signal.aborted) {
    registration.unsubscribe();
    return;
  }
  const end = () => registration.unsubscribe();
  signal.addEventListener("abort", end, { once: true });
  registration.onEnd = () => signal.removeEventListener("abort", end);
}
