import { checkOptions, FUNCTION } from "../options/options.ts";
import { print } from "../options/print.ts";
import { guard } from "../transport/guard.ts";
import type { Plugin, RouterFace } from "./plugin.ts";

/** What hears of rejections on Node, Deno and Bun. */
interface RejectionSource {
  on(name: string, listener: (reason: unknown) => void): unknown;
  off(name: string, listener: (reason: unknown) => void): unknown;
}

/** What hears of them in browsers and workers. */
type EventScope = Pick<EventTarget, "addEventListener" | "removeEventListener">;

/** What becomes of rejections that nobody waits for. */
export interface RejectionOptions {
  /**
   * Gets the reason of each. What it rejects with itself is printed; a promise that it forgets would come
   * back to it.
   *
   * @default {an error on the console}
   */
  onRejection?: (reason: unknown) => void;
}

const NODE_NAME = "unhandledRejection";
const WEB_NAME = "unhandledrejection";

/**
 * A plugin that keeps a promise which a handler has started, and neither awaited nor returned, from ending
 * the process when it rejects: it is reported, and the router goes on. No runtime tells whose promise it
 * was, so that while the router runs this holds for the whole process.
 *
 * @throws {TypeError} If an option is malformed.
 *
 * @example Handlers that forget their promises
 * ```ts
 * import { rejections, Router } from "@beat/beat/router";
 *
 * const reasons: unknown[] = [];
 * const router = new Router().plugin(rejections({ onRejection: (reason) => reasons.push(reason) }));
 * console.log(router.isRunning);
 * ```
 */
export function rejections(options: RejectionOptions = {}): Plugin {
  checkOptions("create a plugin for rejections", options, { onRejection: FUNCTION });
  const hear = guard(options.onRejection ?? report);
  /** Those that run: each rejection is told once, to however many routers this was added. */
  const routers = new Set<RouterFace>();
  let stop = () => {};
  return {
    onStart(router) {
      if (routers.size === 0) stop = listen(hear);
      routers.add(router);
    },
    onStop(router) {
      if (routers.delete(router) && routers.size === 0) stop();
    },
  };
}

function report(reason: unknown): void {
  print("A promise that nobody waits for was rejected:", reason);
}

/** Has every rejection come here instead of ending the process; what it returns ends that. */
function listen(hear: (reason: unknown) => void): () => void {
  const scope = globalThis as unknown as Partial<EventScope> & { process?: RejectionSource };
  const { process } = scope;
  if (typeof process?.on === "function") {
    const listener = (reason: unknown) => hear(reason);
    process.on(NODE_NAME, listener);
    return () => void process.off(NODE_NAME, listener);
  }
  const listener = (event: Event) => {
    event.preventDefault();
    hear((event as Event & { reason: unknown }).reason);
  };
  scope.addEventListener?.(WEB_NAME, listener);
  return () => scope.removeEventListener?.(WEB_NAME, listener);
}
