import { refuse, show } from "../options/refusal.ts";
import type { Engine } from "./engine.ts";
import type { BusEvent } from "./event.ts";
import type { Registry } from "./registry.ts";
import type { Resolution } from "./resolution.ts";

/** A handle for one type. It keeps the resolution and compares versions: no look-up at all. */
export class EventTopic {
  readonly type: string;
  #registry: Registry;
  #engine: Engine;
  #resolution: Resolution;

  /** @throws {TypeError} If `type` is not a non-empty string. */
  constructor(type: string, registry: Registry, engine: Engine) {
    this.type = type;
    this.#registry = registry;
    this.#engine = engine;
    this.#resolution = registry.resolve(type, "make a topic");
  }

  emit(data?: unknown): void {
    this.dispatch({ type: this.type, data });
  }

  unsafeEmit(data?: unknown): void {
    this.unsafeDispatch({ type: this.type, data });
  }

  dispatch(event: BusEvent): void {
    this.#engine.deliver(this.#current(event), event);
  }

  unsafeDispatch(event: BusEvent): void {
    this.#engine.deliverUnsafely(this.#current(event), event);
  }

  #current(event: BusEvent): Resolution {
    if (event?.type !== this.type) {
      refuse("dispatch", "event.type", show(this.type), event?.type ?? event);
    }
    const resolution = this.#resolution;
    if (resolution.version === this.#registry.openVersion) return resolution;
    return this.#resolution = this.#registry.resolve(this.type);
  }
}
