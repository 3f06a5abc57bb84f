import type { Handler } from "./event.ts";
import type { Registration } from "./registration.ts";

/** Version of a resolution that must be made anew; no registry ever has this version. */
export const STALE = -1;

/** A handler of a type, and the one that is called after it. */
export interface Link {
  readonly handler: Handler;
  readonly registration: Registration;
  readonly next: Link | undefined;
}

/**
 * Which handlers an event type has, resolved once and kept until a subscription changes it.
 *
 * Nothing of it is changed in place: a rebuild makes it anew, so a running emit finishes on the
 * handlers that it started with.
 */
export class Resolution {
  readonly type: string;
  /** Version of the registry that the handlers belong to, or {@linkcode STALE}. */
  version: number = STALE;
  /**
   * The handler, if there is exactly one. A call site of its own keeps the common case away from
   * the loop, where ten different handlers were called before: 3 ns of 8 in a used process.
   */
  sole: Handler | undefined = undefined;
  /**
   * The first handler, if there is any. Not an array: its kind and its length would be looked at
   * again after each call, which is 4 ns of 47 for ten handlers.
   */
  first: Link | undefined = undefined;
  registrations: readonly Registration[] = [];
  /** Exact subscriptions of the type, in registration order; `undefined` if it has none. */
  exact: Set<Registration> | undefined = undefined;
  /** What an engine notes about the type, such as which threads want it. */
  note: unknown = undefined;

  /** The resolution that was looked up after this one the last time. */
  next: Resolution = this;

  constructor(type: string) {
    this.type = type;
  }

  /** Makes the next emit find the handlers anew, and lets go of them and others until then. */
  expire(): void {
    this.rebuild([], STALE);
    this.next = this;
  }

  /** Replaces the handlers. */
  rebuild(registrations: readonly Registration[], version: number): void {
    this.registrations = registrations;
    this.first = registrations.reduceRight<Link | undefined>(
      (next, registration) => ({ handler: registration.handler, registration, next }),
      undefined,
    );
    this.sole = registrations.length === 1 ? registrations[0].handler : undefined;
    this.version = version;
  }
}
