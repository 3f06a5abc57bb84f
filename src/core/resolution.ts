import type { Handler } from "./event.ts";
import type { Registration } from "./registration.ts";

/** Version of a resolution that must be made anew; no registry ever has this version. */
export const STALE = -1;

const NONE: readonly never[] = [];

/**
 * Which handlers an event type has, resolved once and kept until a subscription changes it.
 *
 * The lists are never changed in place: a rebuild makes new ones, so a running emit finishes on
 * the lists that it started with.
 */
export class Resolution {
  readonly type: string;
  /** Version of the registry that the lists belong to, or {@linkcode STALE}. */
  version: number = STALE;
  /**
   * The handler, if there is exactly one. A call site of its own keeps the common case away from
   * the loop, where ten different handlers were called before: 3 ns of 8 in a used process.
   */
  sole: Handler | undefined = undefined;
  handlers: readonly Handler[] = NONE;
  registrations: readonly Registration[] = NONE;
  /** Exact subscriptions of the type, in registration order; `undefined` if it has none. */
  exact: Set<Registration> | undefined = undefined;
  /** What an engine notes about the type, such as which threads want it. */
  note: unknown = undefined;

  /** The resolution that was looked up after this one the last time. */
  next: Resolution = this;

  constructor(type: string) {
    this.type = type;
  }

  /** Makes the next emit rebuild the lists, and lets go of handlers and others until then. */
  expire(): void {
    this.rebuild(NONE, STALE);
    this.next = this;
  }

  /** Replaces the lists. */
  rebuild(registrations: readonly Registration[], version: number): void {
    this.registrations = registrations;
    this.handlers = registrations.map((registration) => registration.handler);
    this.sole = this.handlers.length === 1 ? this.handlers[0] : undefined;
    this.version = version;
  }
}
