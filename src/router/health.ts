import { checkOptions, DURATION } from "../options/options.ts";
import type { Health, HealthReporter } from "../transport/capabilities.ts";
import { measureHealth } from "../transport/measure_health.ts";
import { accessOfSubscriber } from "../transport/subscriber.ts";
import { after } from "../transport/timer.ts";
import type { Plugin, RouterFace } from "./plugin.ts";
import type { RoutedHandler } from "./routed_handler.ts";

/** How the health of a router is asked for. */
export interface HealthOptions {
  /** Milliseconds that a broker has for its answer; then it has none. @default {5_000} */
  timeout?: number;
}

/** A plugin that answers requests for the state of its router. */
export interface HealthEndpoint extends Plugin {
  /** Answers with 200 if all is well, else with 503; the body is the report as JSON. */
  fetch(request?: Request): Promise<Response>;
  /** The state of the router and of the brokers that can tell. Never rejects: who does not answer is not well. */
  report(signal?: AbortSignal): Promise<HealthReport>;
}

/** The state of a router. */
export interface HealthReport {
  /** Whether the router runs and every broker that was asked answered. */
  readonly ok: boolean;
  /** Whether the router runs. */
  readonly running: boolean;
  /** What the brokers said, by the name of the handler. */
  readonly brokers: Readonly<Record<string, Health>>;
  /** What the handlers have done. */
  readonly handlers: Readonly<Record<string, object>>;
}

/**
 * A plugin that tells by HTTP whether its router runs and its brokers answer: mount `fetch` where your
 * server or your orchestrator looks.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example Asking for the health of a router
 * ```ts
 * import { health, Router } from "@beat/beat/router";
 * import { assertEquals } from "@std/assert";
 *
 * const endpoint = health();
 * new Router().plugin(endpoint);
 * assertEquals((await endpoint.fetch()).status, 503);
 * ```
 */
export function health(options: HealthOptions = {}): HealthEndpoint {
  checkOptions("create a plugin for health", options, { timeout: DURATION });
  const { timeout = 5_000 } = options;
  let router: RouterFace | undefined;
  const report = async (signal?: AbortSignal): Promise<HealthReport> => {
    const handlers = router?.handlers() ?? [];
    const running = router?.isRunning ?? false;
    const brokers = Object.fromEntries(
      (await Promise.all(handlers.map((handler) => ask(handler, timeout, signal)))).flat(),
    );
    const ok = running && Object.values(brokers).every((broker) => broker.ok);
    const stats = Object.fromEntries(handlers.map((one) => [one.name, { ...one.stats() }]));
    return { ok, running, brokers, handlers: stats };
  };
  return {
    onStart(started) {
      router = started;
    },
    onStop(stopped) {
      // It may stand in another router too: the last that has begun is meant.
      if (router === stopped) router = undefined;
    },
    report,
    async fetch(request) {
      const state = await report(request?.signal);
      return Response.json(state, { status: state.ok ? 200 : 503 });
    },
  };
}

/** What the broker of a handler says, if it can. */
async function ask(
  handler: RoutedHandler,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<[name: string, health: Health][]> {
  const transport = accessOfSubscriber(handler.parts.subscriber)?.transport;
  const reporter = transport as Partial<HealthReporter> | undefined;
  if (typeof reporter?.health !== "function") return [];
  return [[handler.name, await hear(reporter as HealthReporter, timeout, signal)]];
}

/** What a broker says in time; to fail, and to say nothing, are answers too. */
async function hear(
  reporter: HealthReporter,
  timeout: number,
  outer: AbortSignal | undefined,
): Promise<Health> {
  const limit = new AbortController();
  const { signal } = limit;
  const abort = () => limit.abort(outer!.reason);
  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted) abort();
  const cancel = after(timeout, () => limit.abort(new Error(`No answer within ${timeout} ms`)));
  let said = undefined as Health | undefined;
  const asked = await measureHealth(async () => {
    const { ok, latencyMs, cause } = await reporter.health({ signal });
    said = { ok, latencyMs, cause };
  }, { signal });
  cancel();
  outer?.removeEventListener("abort", abort);
  const { ok, latencyMs, cause } = said ?? asked;
  return cause === undefined ? { ok, latencyMs } : { ok, latencyMs, cause: String(cause) };
}
