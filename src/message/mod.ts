/**
 * Messages and the contracts around them: what is published, received, settled, and by whom.
 *
 * ```ts
 * import { Message } from "@beat/beat/message";
 *
 * const paid = Message.json({ total: 12 }, { key: "order-7" });
 * console.log(paid.uuid, paid.text());
 * ```
 *
 * @module
 */

export { Message } from "./message.ts";
export type { MessageOptions, Metadata, NackOptions } from "./message.ts";
export type { Origin, Settlement } from "./reception.ts";
export { type Codec, type CodecContext, fields } from "./codec.ts";
export type { Rec } from "./rec.ts";
export { checkHeaders, checkTopic, safeHeaderName, safeHeaderValue } from "./names.ts";
export { fastUuid, newUuid } from "./uuid.ts";
export { extractContext, injectContext } from "./trace_context.ts";
export { ClosedError, CloseTimeoutError, LeaseLostError, PublishError } from "./errors.ts";
export type { PublishFailure, PublishOutcome } from "./errors.ts";
export type {
  CloseOptions,
  MessageStream,
  OrderOptions,
  Publisher,
  PublishOptions,
  ReconnectOptions,
  Stall,
  StartPosition,
  SubscribeOptions,
  Subscriber,
} from "./contracts.ts";
export type { BatchHandler, Handle, Handler, Middleware, Produced, Work } from "./handler.ts";
export { guardLogger, type Logger, silent } from "./logger.ts";
export type {
  Attributes,
  Counter,
  Histogram,
  InstrumentOptions,
  Meter,
  Span,
  SpanContext,
  SpanOptions,
  Tracer,
  TraceState,
} from "./telemetry.ts";
export type { Claim, ClaimResult, Store } from "./store.ts";
