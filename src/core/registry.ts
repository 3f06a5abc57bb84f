import { refuse } from "../options/refusal.ts";
import { checkPattern, hasWildcard } from "./pattern.ts";
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
  #wildcardCount = 0;
  /** The type that lost its last exact subscription most recently. */
  #vacant = new Resolution("");
  /** What the last look-up gave. */
  #last = new Resolution("");
  /** Whether the last two look-ups gave the same. */
  #repeats = false;
  #order = 0;
  #gate: (type: string) => void;
  /** Rises with each change that can concern every type. */
  version = 1;
  /** Equals `version` while anyone may emit; never equal to any once the registry is sealed. */
  openVersion = 1;
  /** Called when a subscription has ended. */
  declare onRemove: ((registration: Registration) => void) | undefined;
  /** Every subscription, in the order of registration. */
  readonly live = new Set<Registration>();

  /** Creates a registry; once it is sealed, `gate` is asked at each look-up, and throws to refuse. */
  constructor(gate: (type: string) => void) {
    this.#gate = gate;
  }

  /**
   * The resolution of an event's type, for an emit. The fast half of it; see `resolve`.
   *
   * Comparing with the last type saves the table (3 of 9 ns) while one type is emitted again and
   * again, and costs 20 ns where a new string is built for each emit: so it is done only after the
   * table has given the same answer twice in a row.
   */
  lookup(type: string): Resolution {
    const last = this.#last;
    if (this.#repeats) {
      if (type === last.type && last.version === this.openVersion) return last;
      this.#repeats = false;
    }
    // A property of a null-prototype object would take `undefined` for the key "undefined".
    if (typeof type === "string") {
      const exact = this.#exact[type];
      if (exact !== undefined && exact.version === this.openVersion) {
        if (exact === last) this.#repeats = true;
        else this.#last = exact;
        return exact;
      }
    }
    return this.resolve(type);
  }

  /**
   * The resolution of a type, rebuilt if a subscription has changed since.
   *
   * @throws {TypeError} If `type` is not a non-empty string.
   * @throws {BusClosedError} If the gate refuses.
   */
  resolve(type: string, action = "emit"): Resolution {
    if (typeof type !== "string" || type === "") {
      refuse(action, "type", "a non-empty string", type);
    }
    if (this.openVersion === SEALED) this.#gate(type);
    const resolution = this.current(type);
    this.#repeats = resolution === this.#last && this.openVersion === this.version;
    return this.#last = resolution;
  }

  /** The resolution of a type for an event that was accepted already; asks no gate. */
  current(type: string): Resolution {
    let resolution = this.#exact[type] ?? this.#cache.get(type);
    if (resolution === undefined) this.#cache.add(resolution = new Resolution(type));
    if (resolution.version !== this.version) {
      resolution.rebuild(this.#matching(resolution), this.version);
    }
    return resolution;
  }

  /**
   * Adds a subscription at the end of the order.
   *
   * @throws {PatternError} If the pattern is malformed.
   */
  add(pattern: string, handler: Handler): Registration {
    const known = this.#exact[pattern];
    if (known === undefined) checkPattern(pattern);
    const registration = new Registration(this, pattern, this.#order++, handler);
    if (hasWildcard(pattern)) {
      this.#wildcards.add(registration);
      this.#changeWildcards(1);
    } else {
      const resolution = known ?? this.#cache.take(pattern) ?? new Resolution(pattern);
      this.#exact[pattern] = resolution;
      (resolution.exact ??= new Set()).add(registration);
      resolution.expire();
    }
    this.live.add(registration);
    return registration;
  }

  /** Removes a subscription; says whether it was live. */
  remove(registration: Registration): boolean {
    if (!this.live.delete(registration)) return false;
    const { pattern } = registration;
    if (hasWildcard(pattern)) {
      this.#wildcards.remove(registration);
      this.#changeWildcards(-1);
    } else {
      const resolution = this.#exact[pattern];
      resolution.expire();
      resolution.exact!.delete(registration);
      if (resolution.exact!.size === 0) this.#vacate(resolution);
    }
    this.onRemove?.(registration);
    return true;
  }

  /** Makes every look-up ask the gate from now on. */
  seal(): void {
    this.openVersion = SEALED;
  }

  #matching(resolution: Resolution): Registration[] {
    const found: Registration[] = resolution.exact === undefined ? [] : [...resolution.exact];
    if (this.#wildcardCount > 0) {
      const exact = found.length;
      this.#wildcards.collect(resolution.type, found);
      if (found.length > exact) found.sort((a, b) => a.order - b.order);
    }
    return found;
  }

  /**
   * Takes out a type that lost its last exact subscription: not at once, but when the next one
   * does, as often the same type is subscribed again (1.0 us against 0.3).
   */
  #vacate(resolution: Resolution): void {
    const vacant = this.#vacant;
    if (vacant !== resolution && vacant.exact?.size === 0) {
      delete this.#exact[vacant.type];
      // It may have been resolved again, and topic handles may hold it.
      vacant.expire();
    }
    this.#vacant = resolution;
  }

  #changeWildcards(by: number): void {
    this.#wildcardCount += by;
    this.version++;
    if (this.openVersion !== SEALED) this.openVersion = this.version;
  }
}
