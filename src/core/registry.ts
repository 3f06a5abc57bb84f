import { show } from "./errors.ts";
import { hasWildcard, parsePattern } from "./pattern.ts";
import { Registration } from "./registration.ts";
import { Resolution } from "./resolution.ts";
import { ResolutionCache } from "./resolution_cache.ts";
import { WildcardTree } from "./wildcards.ts";
import type { Handler } from "./event.ts";

/** Value of `openVersion` of a sealed registry: no resolution ever has this version. */
const SEALED = -2;

/**
 * The subscriptions of a bus, and for each event type the list of handlers that they come to.
 *
 * An emit costs one comparison with the type that was looked up last, or one look-up in a table,
 * and one comparison of versions. Whatever changes subscriptions pays by invalidating: an exact
 * one its own type, a wildcard one all types (by the version), and the list is rebuilt when the
 * type is next emitted.
 */
export class Registry {
  /** Types with exact subscriptions. A null-prototype object is twice as fast here as a `Map`. */
  #exact: Record<string, Resolution> = Object.create(null);
  #cache = new ResolutionCache();
  #wildcards = new WildcardTree();
  #last = new Resolution("");
  #order = 0;
  #gate: (type: string) => void;
  /** Rises with each change that can concern every type. */
  version = 1;
  /** Equals `version` while anyone may emit; never equal to any once the registry is sealed. */
  openVersion = 1;
  /** How many subscriptions there are. */
  size = 0;

  /** Creates a registry; once it is sealed, `gate` is asked at each look-up, and throws to refuse. */
  constructor(gate: (type: string) => void) {
    this.#gate = gate;
  }

  /** The resolution of an event's type, for an emit. The fast half of it; see `resolve`. */
  lookup(type: string): Resolution {
    const last = this.#last;
    if (type === last.type && last.version === this.openVersion) return last;
    // A property of a null-prototype object would take `undefined` for the key "undefined".
    if (typeof type === "string") {
      const exact = this.#exact[type];
      if (exact !== undefined && exact.version === this.openVersion) return this.#last = exact;
    }
    return this.resolve(type);
  }

  /**
   * The resolution of a type, rebuilt if a subscription has changed since.
   *
   * @throws {TypeError} If `type` is not a non-empty string.
   * @throws {BusClosedError} If the gate refuses.
   */
  resolve(type: string): Resolution {
    if (typeof type !== "string" || type === "") {
      throw new TypeError(
        `Cannot emit as 'type' must be a non-empty string: current value is ${show(type)}`,
      );
    }
    if (this.openVersion === SEALED) this.#gate(type);
    return this.#last = this.current(type);
  }

  /** The resolution of a type for an event that was accepted already; asks no gate. */
  current(type: string): Resolution {
    let resolution = this.#exact[type] ?? this.#cache.get(type);
    let reachable = true;
    if (resolution === undefined) {
      resolution = new Resolution(type);
      reachable = this.#cache.set(resolution);
    }
    if (resolution.version !== this.version) {
      resolution.rebuild(this.#matching(resolution), this.version);
      if (!reachable) resolution.invalidate();
    }
    return resolution;
  }

  /** Adds a subscription at the end of the order. */
  add(pattern: string, handler: Handler): Registration {
    const registration = new Registration(this, pattern, parsePattern(pattern), handler);
    if (hasWildcard(registration.segments)) {
      this.#wildcards.add(registration);
      this.#bump();
    } else {
      const resolution = this.#exact[pattern] ??= this.#cache.take(pattern) ??
        new Resolution(pattern);
      (resolution.exact ??= new Set()).add(registration);
      resolution.invalidate();
    }
    this.size++;
    return registration;
  }

  /** Removes a subscription that is live. */
  remove(registration: Registration): void {
    const resolution = this.#exact[registration.pattern];
    if (resolution?.exact?.delete(registration)) {
      resolution.invalidate();
      if (resolution.exact.size === 0) delete this.#exact[registration.pattern];
    } else {
      this.#wildcards.remove(registration);
      this.#bump();
    }
    this.size--;
  }

  /** Ends every subscription, as `close` does. */
  clear(): void {
    const all: Registration[] = [];
    this.#wildcards.all(all);
    for (const type in this.#exact) for (const each of this.#exact[type].exact!) all.push(each);
    all.sort(byOrder);
    for (const registration of all) {
      if (!registration.live) continue;
      this.remove(registration);
      registration.end(true);
    }
  }

  /** Makes every look-up ask the gate from now on. */
  seal(): void {
    this.openVersion = SEALED;
  }

  /** The next number in the order of registration. */
  nextOrder(): number {
    return this.#order++;
  }

  /** How many types without an exact subscription are kept resolved. */
  get cached(): number {
    return this.#cache.size;
  }

  #matching(resolution: Resolution): Registration[] {
    const found: Registration[] = resolution.exact === undefined ? [] : [...resolution.exact];
    if (this.#wildcards.size > 0) {
      const exact = found.length;
      this.#wildcards.collect(resolution.type, found);
      if (found.length > exact) found.sort(byOrder);
    }
    return found;
  }

  #bump(): void {
    this.version++;
    if (this.openVersion !== SEALED) this.openVersion = this.version;
  }
}

function byOrder(a: Registration, b: Registration): number {
  return a.order - b.order;
}
