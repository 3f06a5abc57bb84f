import { PatternError } from "./errors.ts";
import { isThenable } from "../options/thenable.ts";
import { check, SIGNAL } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { hasWildcard } from "./pattern.ts";
import type { BusCore } from "./bus_core.ts";
import type { BusEvent } from "./event.ts";
import type { Registration } from "./registration.ts";

type Listener = EventListenerOrEventListenerObject;

/** A type with listeners. */
interface Listened {
  subscription: Registration;
  /** Each listener, and how to end it. */
  endings: Map<Listener, () => void>;
  /** The event that is dispatched now, and the promises that its listeners have returned. */
  now?: { event: BusEvent; pending: PromiseLike<unknown>[] } | undefined;
}

/**
 * The bus as an `EventTarget`. A type is subscribed on the bus while it has listeners, so that
 * events that nobody listens to cost no `CustomEvent`. A target without a tree has no use for the
 * capturing phase: a listener is the same in both.
 *
 * Listeners are wrapped: what one throws would end a process of Node or Deno, and belongs to
 * `onError`.
 */
export class BusTarget extends EventTarget {
  #core: BusCore;
  #types = new Map<string, Listened>();

  constructor(core: BusCore) {
    super();
    this.#core = core;
  }

  override addEventListener(type: string, listener: Listener | null, options?: unknown): void {
    if (hasWildcard(type)) {
      throw new PatternError(type, "an EventTarget listens to exact types", type.indexOf("*"));
    }
    const { once, signal } = Object(options) as AddEventListenerOptions;
    if (signal !== undefined) check("listen", "signal", signal, SIGNAL);
    // Both stand for none, as on every target.
    if (listener == null || signal?.aborted) return;
    if (Object(listener) !== listener) {
      refuse("listen", "listener", "a function", listener);
    }
    const listened = this.#types.get(type) ?? this.#subscribe(type);
    const { endings } = listened;
    if (endings.has(listener)) return;
    const call = (event: Event) => {
      if (once) end();
      try {
        const result: unknown = typeof listener === "function"
          ? listener.call(this, event)
          : listener.handleEvent(event);
        if (isThenable(result)) listened.now?.pending.push(result);
      } catch (error) {
        this.#fail(error, listened, listened.now?.event);
      }
    };
    const end = () => {
      super.removeEventListener(type, call);
      signal?.removeEventListener("abort", end);
      endings.delete(listener);
      if (endings.size === 0) listened.subscription.unsubscribe();
    };
    endings.set(listener, end);
    super.addEventListener(type, call);
    signal?.addEventListener("abort", end);
  }

  override removeEventListener(type: string, listener: Listener | null): void {
    this.#types.get(type)?.endings.get(listener!)?.();
  }

  #subscribe(type: string): Listened {
    const subscription = this.#core.on(
      type,
      (event) => {
        // Who came after the last of its listeners has gone has a subscription of its own.
        if (listened.endings.size === 0) return;
        // A listener may emit the type again.
        const outer = listened.now;
        const { pending } = listened.now = { event, pending: [] };
        this.dispatchEvent(new CustomEvent(type, { detail: event.data }));
        listened.now = outer;
        if (pending.length === 0) return;
        return Promise.all(pending.map(async (result) => {
          try {
            await result;
          } catch (error) {
            this.#fail(error, listened, event);
          }
        }));
      },
      {},
      () => {
        this.#types.delete(type);
        // The bus may have closed: no signal must keep it. An emit that runs still calls its listeners.
        queueMicrotask(() => listened.endings.forEach((end) => end()));
      },
    );
    const listened: Listened = { subscription, endings: new Map() };
    this.#types.set(type, listened);
    return listened;
  }

  #fail(error: unknown, { subscription }: Listened, event: BusEvent | undefined): void {
    // Without an event the target's own `dispatchEvent` was called, not the bus.
    if (event === undefined) throw error;
    this.#core.fail(error, event, subscription);
  }
}
