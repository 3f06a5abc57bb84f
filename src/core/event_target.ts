import { PatternError } from "./errors.ts";
import { hasWildcard } from "./pattern.ts";
import type { BusCore } from "./bus_core.ts";
import type { Registration } from "./registration.ts";

type Listener = EventListenerOrEventListenerObject;

/** A type with listeners: its subscription on the bus, and which of them end with one event. */
interface Listened {
  subscription: Registration;
  listeners: Map<Listener | null, boolean | undefined>;
}

/**
 * The bus as an `EventTarget`. A type is subscribed on the bus while it has listeners, so that
 * events that nobody listens to cost no `CustomEvent`. A target without a tree has no use for the
 * capturing phase: a listener is the same in both.
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
    if (listener === null || signal?.aborted) return;
    let listened = this.#types.get(type);
    if (listened === undefined) {
      const subscription = this.#core.on(type, (event) => {
        this.dispatchEvent(new CustomEvent(type, { detail: event.data }));
        this.#forget(type, (_, once) => once);
      });
      this.#types.set(type, listened = { subscription, listeners: new Map() });
    }
    if (listened.listeners.has(listener)) return;
    listened.listeners.set(listener, once);
    super.addEventListener(type, listener, { once: once! });
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener));
  }

  override removeEventListener(type: string, listener: Listener | null): void {
    super.removeEventListener(type, listener);
    this.#forget(type, (each) => each === listener);
  }

  /** Forgets the listeners that go; without one left the type is not subscribed any more. */
  #forget(type: string, goes: (listener: Listener | null, once?: boolean) => unknown): void {
    const listened = this.#types.get(type);
    listened?.listeners.forEach((once, listener, listeners) => {
      if (goes(listener, once)) listeners.delete(listener);
    });
    if (listened?.listeners.size !== 0) return;
    listened.subscription.unsubscribe();
    this.#types.delete(type);
  }
}
