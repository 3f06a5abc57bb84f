import { checkOptions, DURATION, type Rule } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import type { Plugin, RouterFace } from "./plugin.ts";

/** What the process must offer; Node, Deno and Bun do. */
interface SignalSource {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

/** How signals close a router. */
export interface SignalOptions {
  /** Which ones. @default {["SIGINT", "SIGTERM"]} */
  signals?: readonly string[];
  /** Milliseconds that closing may take. @default {that of the router} */
  timeout?: number;
}

const NAMES: Rule = [
  "an array of names",
  "object",
  (value: unknown) => Array.isArray(value) && value.every((name) => typeof name === "string"),
];

const ACTION = "create a plugin for signals";

/**
 * A plugin that closes the router when the process is asked to end. A second signal of the same kind
 * ends the process as usual. Where there are no signals, as in browsers and workers of the edge, it
 * does nothing.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example Closing at SIGTERM
 * ```ts
 * import { Router, signals } from "@beat/beat/router";
 *
 * const router = new Router().plugin(signals());
 * console.log(router.isRunning);
 * ```
 */
export function signals(options: SignalOptions = {}): Plugin {
  if (Array.isArray(options)) {
    refuse(ACTION, "options", "an object such as { signals: ['SIGINT'] }", options);
  }
  checkOptions(ACTION, options, { signals: NAMES, timeout: DURATION });
  const { signals: names = ["SIGINT", "SIGTERM"], timeout } = options;
  /** One for each router: it may be added to several. */
  const stops = new Map<RouterFace, () => void>();
  return {
    onStart(router) {
      const source = (globalThis as { process?: SignalSource }).process;
      if (typeof source?.on !== "function") return;
      const close = () => {
        stop();
        router.close(timeout === undefined ? {} : { timeout }).catch(() => {});
      };
      const stop = () => {
        stops.delete(router);
        for (const name of names) source.off(name, close);
      };
      stops.set(router, stop);
      try {
        for (const name of names) source.on(name, close);
      } catch (error) {
        // Nobody stops a plugin that could not start.
        stop();
        throw error;
      }
    },
    onStop: (router) => stops.get(router)?.(),
  };
}
