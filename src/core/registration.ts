import type { Handler } from "./event.ts";
import type { Subscription } from "./subscription.ts";

/** Where a registration is kept. */
export interface RegistrationOwner {
  /** Takes a registration out; says whether it was there. */
  remove(registration: Registration): boolean;
}

/** One subscription as the bus keeps it; users see it as a {@linkcode Subscription}. */
export class Registration implements Subscription {
  readonly pattern: string;
  /** Position in the order of registration, across all patterns of the bus. */
  readonly order: number;
  /** What an emit calls; may be replaced until the first emit. */
  handler: Handler;
  /** Whether a failure of its handler was printed already. */
  printed = false;
  /** Whether every thread calls it, where `on` was told so. */
  declare each: boolean | undefined;
  /** Whether it gets a cursor instead of an event, where `on` was told so. */
  declare zeroCopy: boolean | undefined;
  /** When emits of all threads reach it, where there are threads. */
  declare readiness: Promise<void> | undefined;
  /** What must happen when the subscription ends: by itself, by a signal or by `close`. */
  onEnd: ((closed: boolean) => void) | undefined = undefined;
  #owner: RegistrationOwner;

  constructor(owner: RegistrationOwner, pattern: string, order: number, handler: Handler) {
    this.#owner = owner;
    this.pattern = pattern;
    this.order = order;
    this.handler = handler;
  }

  /** Whether `owner` keeps or has kept it. */
  isOf(owner: RegistrationOwner): boolean {
    return this.#owner === owner;
  }

  get ready(): Promise<void> {
    return this.readiness ?? Promise.resolve();
  }

  unsubscribe(): boolean {
    return this.end(false);
  }

  [Symbol.dispose](): void {
    this.end(false);
  }

  /** Ends the subscription, because of `close` or not; says whether it was live. */
  end(closed: boolean): boolean {
    const wasLive = this.#owner.remove(this);
    const onEnd = this.onEnd;
    this.onEnd = undefined;
    onEnd?.(closed);
    return wasLive;
  }
}
