/**
 * A router takes messages from topics to handlers, and what they produce to other topics: with
 * retries, dead letters, order by key, batches, middleware, and an end that loses nothing.
 *
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Router } from "@beat/beat/router";
 * import { subscriber } from "@beat/beat/transport";
 *
 * const router = new Router();
 * router.on("audit", "orders", subscriber(new MemoryBroker()), (message) => {
 *   console.log(message.text());
 * });
 * console.log(router.handlers().map(({ name }) => name));
 * ```
 *
 * @module
 */

export { Router, type RunOptions } from "./router.ts";
export type { RouterOptions } from "./router_options.ts";
export { type DeadLetterOptions, RoutedHandler } from "./routed_handler.ts";
export type { Plugin, RouterFace } from "./plugin.ts";
export { DuplicateHandlerError } from "./errors.ts";
export { replay, type ReplayOptions, type ReplayReport } from "./replay.ts";
export { type SignalOptions, signals } from "./signals.ts";
export { type RejectionOptions, rejections } from "./rejections.ts";
export { health, type HealthEndpoint, type HealthOptions, type HealthReport } from "./health.ts";
export {
  asyncApi,
  type AsyncApiDocument,
  type AsyncApiInfo,
  type AsyncApiOptions,
} from "./async_api.ts";
