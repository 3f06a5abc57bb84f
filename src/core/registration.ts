import type { Handler } from "./event.ts";
import type { Subscription } from "./contracts.ts";
import type { Registry } from "./registry.ts";

/** One subscription as the bus keeps it; users see it as a {@linkcode Subscription}. */
export class Registration implements Subscription {
  readonly pattern: string;
  /** The pattern, split at its dots. */
  readonly segments: readonly string[];
  /** Position in the order of registration, across all patterns of the bus. */
  readonly order: number;
  readonly registry: Registry;
  /** What an emit calls; set once, before the registration is added. */
  handler: Handler;
  /** Whether emits still reach it. */
  live = true;
  /** Whether a failure of its handler was printed already. */
  printed = false;
  /** What must happen when the subscription ends by itself, by a signal or by `close`. */
  onEnd: ((closed: boolean) => void) | undefined = undefined;

  constructor(registry: Registry, pattern: string, segments: readonly string[], handler: Handler) {
    this.registry = registry;
    this.pattern = pattern;
    this.segments = segments;
    this.handler = handler;
    this.order = registry.nextOrder();
  }

  get ready(): Promise<void> {
    return Promise.resolve();
  }

  unsubscribe(): boolean {
    if (!this.live) return false;
    this.registry.remove(this);
    this.end(false);
    return true;
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  /** Marks the registration as ended and tells whoever waits on it; `closed` if the bus did it. */
  end(closed: boolean): void {
    this.live = false;
    const onEnd = this.onEnd;
    this.onEnd = undefined;
    onEnd?.(closed);
  }
}
