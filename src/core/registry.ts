import { check, OBJECT } from "../options/options.ts";
import { refuse, show } from "../options/refusal.ts";
import { checkPattern, hasWildcard } from "./pattern.ts";
import { Registration } from "./registration.ts";
import { Resolution } from "./resolution.ts";
import { ResolutionCache } from "./resolution_cache.ts";
import { WildcardTree } from "./wildcards.ts";
import type { Handler } from "./event.ts";

/** Value of `openVersion` of a sealed registry: no resolution ever has this version. */
const SEALED = -2;

/** A resolution that no type has: an emit needs a type, and one of a valid version. */
const BLANK = new Resolution("");

/**
 * The subscriptions of a bus, and for each event type the list of handlers that they come to.
 *
 * An emit costs one comparison with the type that came next the last time, or one look-up in a
 * table, and one comparison of versions. Whatever changes subscriptions pays by invalidating: an exact
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
  /** What the last look-up gave, if it had been the one to expect; else `BLANK`. */
  #guide = BLANK;
  /** What the last look-up in a table gave. */
  #last = BLANK;
  #order = 0;
  #gate: { admit(attempt: string): void } | undefined;
  /** Rises with each change that can concern every type. */
  version = 1;
  /** Equals `version` while anyone may emit; never equal to any once the registry is sealed. */
  openVersion = 1;
  /** Called when a subscription has ended. */
  declare onRemove: ((registration: Registration) => void) | undefined;
  /** Every subscription, in the order of registration. */
  readonly live = new Set<Registration>();

  /** Creates a registry; once it is sealed, `gate` is asked at each look-up, and throws to refuse. */
  constructor(gate?: { admit(attempt: string): void }) {
    this.#gate = gate;
  }

  /**
   * The resolution of an event's type, for an emit. The fast half of it; see `resolve`.
   *
   * Programs emit their types in sequences that recur, the shortest of them one type again and
   * again. So each resolution knows which one came after it the last time, and comparing with that
   * saves the table: 4 of 13 ns. A wrong guess costs a comparison of texts where a new string is
   * built for each emit (20 ns), so after one nothing is guessed until a guess would have been
   * right. `BLANK` says that, as one more condition here costs as much as the table.
   */
  lookup(event: { readonly type: string }): Resolution {
    const type = event?.type;
    const guess = this.#guide.next;
    if (type === guess.type && guess.version === this.openVersion) return this.#guide = guess;
    // A property of a null-prototype object would take `undefined` for the key "undefined".
    if (typeof type === "string") {
      const exact = this.#exact[type];
      if (exact?.version === this.openVersion) return this.#learn(exact);
    } else check("emit", "event", event, OBJECT);
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
    if (this.openVersion === SEALED) this.#gate!.admit(`${action} ${show(type)}`);
    return this.#learn(this.current(type));
  }

  /** The resolution of a type for an event that was accepted already; asks no gate. */
  current(type: string): Resolution {
    const resolution = this.#exact[type] ?? this.#cache.get(type) ??
      this.#cache.add(new Resolution(type));
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
      // All of it has expired. It must not hold the handlers of all wildcards that ever were.
      this.#cache.forget();
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

  /** Takes down what came after the type before. */
  #learn(resolution: Resolution): Resolution {
    const last = this.#guide === BLANK ? this.#last : this.#guide;
    this.#guide = last.next === resolution ? resolution : BLANK;
    // What has expired may be out of every table: chains of such must not keep each other alive.
    if (last.version === this.version) last.next = resolution;
    return this.#last = resolution;
  }

  #matching(resolution: Resolution): Registration[] {
    const found: Registration[] = [...resolution.exact ?? []];
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
