import { hasWildcard, parsePattern } from "./pattern.ts";
import { PatternError } from "./errors.ts";
import type { BusCore } from "./bus_core.ts";
import type { Registration } from "./registration.ts";

type Listener = EventListenerOrEventListenerObject;

/** A listener as `EventTarget` tells them apart: the same function may listen twice, by phase. */
interface Listening {
  listener: Listener;
  capture: boolean;
  once: boolean;
}

/**
 * The bus as an `EventTarget`. A type is subscribed on the bus while it has listeners, so that
 * events that nobody listens to cost no `CustomEvent`.
 */
export function createEventTarget(core: BusCore): EventTarget {
  return new BusTarget(core);
}

class BusTarget extends EventTarget {
  #core: BusCore;
  #types = new Map<string, { subscription: Registration; listening: Listening[] }>();

  constructor(core: BusCore) {
    super();
    this.#core = core;
  }

  override addEventListener(
    type: string,
    listener: Listener | null,
    options: boolean | AddEventListenerOptions = false,
  ): void {
    if (hasWildcard(parsePattern(type))) {
      throw new PatternError(type, "an EventTarget listens to exact types", type.indexOf("*"));
    }
    const { capture = false, once = false, signal } = normalize(options);
    if (listener === null || signal?.aborted) return;
    const { listening } = this.#subscribed(type);
    super.addEventListener(type, listener, options);
    if (listening.some((each) => each.listener === listener && each.capture === capture)) return;
    listening.push({ listener, capture, once });
    signal?.addEventListener("abort", () => this.#forget(type, listener, capture), { once: true });
  }

  override removeEventListener(
    type: string,
    listener: Listener | null,
    options: boolean | EventListenerOptions = false,
  ): void {
    super.removeEventListener(type, listener, options);
    this.#forget(type, listener, normalize(options).capture ?? false);
  }

  #subscribed(type: string): { listening: Listening[] } {
    let entry = this.#types.get(type);
    if (entry === undefined) {
      const subscription = this.#core.on(type, (event) => {
        this.dispatchEvent(new CustomEvent(type, { detail: event.data }));
        this.#keep(type, (each) => !each.once);
      });
      this.#types.set(type, entry = { subscription, listening: [] });
    }
    return entry;
  }

  #forget(type: string, listener: Listener | null, capture: boolean): void {
    this.#keep(type, (each) => each.listener !== listener || each.capture !== capture);
  }

  /** Keeps the listeners that pass; without one left the type is not subscribed any more. */
  #keep(type: string, passes: (listening: Listening) => boolean): void {
    const entry = this.#types.get(type);
    if (entry === undefined) return;
    entry.listening = entry.listening.filter(passes);
    if (entry.listening.length > 0) return;
    entry.subscription.unsubscribe();
    this.#types.delete(type);
  }
}

function normalize(options: boolean | AddEventListenerOptions): AddEventListenerOptions {
  return typeof options === "boolean" ? { capture: options } : options;
}
