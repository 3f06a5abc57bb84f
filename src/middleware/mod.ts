/**
 * What stands between a subscription and its handler: functions that take a handler and give one.
 * The first that is added is the outermost. What is synchronous stays so.
 *
 * ```ts
 * import { correlation, recoverer, retry, timeout } from "@beat/beat/middleware";
 * import { type Handle, Message, silent } from "@beat/beat/message";
 *
 * const bill: Handle = ({ messages }) => console.log(messages[0].text());
 *
 * // A Router does this, with `use` for all handlers and `addMiddleware` for one.
 * const middlewares = [recoverer(), correlation(), retry(3), timeout({ after: 5_000 })];
 * const handle = middlewares.reduceRight((next, middleware) => middleware(next), bill);
 * await handle({
 *   messages: [new Message("paid")],
 *   batch: false,
 *   handler: "bill",
 *   topic: "orders",
 *   logger: silent,
 * });
 * ```
 *
 * @module
 */

export { recoverer } from "./recoverer.ts";
export { timeout, type TimeoutOptions } from "./timeout.ts";
export { retry, type RetryEvent, type RetryHooks, type RetryOptions } from "./retry.ts";
export { circuitBreaker, type CircuitBreakerOptions } from "./circuit_breaker.ts";
export { Breaker, BREAKER_RULES } from "./breaker.ts";
export type { BreakerLimits, CircuitChange, CircuitState, Permit } from "./breaker.ts";
export { throttle, type ThrottleOptions } from "./throttle.ts";
export { logging, type LoggingOptions } from "./logging.ts";
export { prometheus } from "./prometheus.ts";
export type {
  LaggingHandler,
  Prometheus,
  PrometheusOptions,
  PublisherMetricsOptions,
  ScrapeOptions,
} from "./prometheus.ts";
export { trace, type TraceOptions } from "./trace.ts";
export { correlation, type CorrelationOptions } from "./correlation.ts";
export { validate, type ValidateOptions } from "./validate.ts";
export type { Issue, SchemaResult, StandardSchema } from "./standard_schema.ts";
export { deduplicate, type DeduplicateOptions } from "./deduplicate.ts";
export { once, type OnceOptions, type OnceResult } from "./once.ts";
export { type MemoryStore, memoryStore, type MemoryStoreOptions } from "./memory_store.ts";
export type { LeaseOptions } from "./_lease.ts";
export { delayOnError, type DelayOnErrorOptions } from "./delay_on_error.ts";
export { ignoreErrors } from "./ignore_errors.ts";
export { type ErrorMatch, matchError } from "./match_error.ts";
export { instantAck } from "./instant_ack.ts";
export { duplicate } from "./duplicate.ts";
export { randomFail, type RandomFailOptions } from "./random_fail.ts";
export { CircuitOpenError, ClaimLostError, ValidationError } from "./errors.ts";
