import { PatternError } from "./errors.ts";
import { isThenable } from "../options/thenable.ts";
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
  event: BusEvent | undefined;
  pending: PromiseLike<unknown>[];
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
        if (isThenable(result)) listened.pending.push(result);
      } catch (error) {
        this.#fail(error, listened, listened.event);
      }
    };
    const end = () => {
      super.removeEventListener(type, call);
      signal?.removeEventListener("abort", end);
      endings.delete(listener);
      if (endings.size > 0) return;
      listened.subscription.unsubscribe();
      this.#types.delete(type);
    };
    endings.set(listener, end);
    super.addEventListener(type, call);
    signal?.addEventListener("abort", end);
  }

  override removeEventListener(type: string, listener: Listener | null): void {
    this.#types.get(type)?.endings.get(listener!)?.();
  }

  #subscribe(type: string): Listened {
    const subscription = this.#core.on(type, (event) => {
      const { pending, event: outer } = listened;
      listened.event = event;
      this.dispatchEvent(new CustomEvent(type, { detail: event.data }));
      listened.event = outer;
      const results = pending.splice(0);
      if (results.length === 0) return;
      return Promise.all(results.map(async (result) => {
        try {
          await result;
        } catch (error) {
          this.#fail(error, listened, event);
        }
      }));
    });
    const listened: Listened = { subscription, endings: new Map(), event: undefined, pending: [] };
    this.#types.set(type, listened);
    return listened;
  }

  #fail(error: unknown, { subscription }: Listened, event: BusEvent | undefined): void {
    // Without an event the target's own `dispatchEvent` was called, not the bus.
    if (event === undefined) throw error;
    this.#core.fail(error, event, subscription);
  }
}
