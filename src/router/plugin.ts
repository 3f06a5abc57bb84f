import type { RoutedHandler } from "./routed_handler.ts";

/** What a plugin sees of its router. */
export interface RouterFace {
  /** Whether handlers are subscribed and not yet closed. */
  readonly isRunning: boolean;
  /** Resolves when everything has ended. */
  readonly closed: Promise<void>;
  /** The handlers that have not been stopped. */
  handlers(): readonly RoutedHandler[];
  /**
   * Ends the router. The end waits for `onStart` and `onStop`: while one of them runs, this resolves as
   * soon as the end has begun.
   */
  close(options?: { timeout?: number }): Promise<void>;
}

/** What begins and ends with a router. */
export interface Plugin {
  /** Called by `run` before any handler is subscribed, in the order of adding; what it throws ends `run`. */
  onStart?(router: RouterFace): void | Promise<void>;
  /**
   * Called when all handlers have stopped, in the reverse order. It has the time that closing has, and
   * at least a second.
   */
  onStop?(router: RouterFace): void | Promise<void>;
}
