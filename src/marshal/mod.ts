/**
 * Codecs: how messages are written for a broker, and read.
 *
 * Without one, a message goes field by field. These are for what others write and read: one JSON
 * document, CloudEvents, Watermill.
 *
 * ```ts
 * import { cloudEvents, json, watermill } from "@beat/beat/marshal";
 *
 * const codecs = [json, cloudEvents({ source: "/shop", binding: "kafka" }), watermill()];
 * ```
 *
 * @module
 */

export { json } from "./json.ts";
export { cloudEvents, type CloudEventsCodec, type CloudEventsOptions } from "./cloud_events.ts";
export type { CloudEvent, CloudEventValue } from "./cloud_event.ts";
export {
  type Binding,
  type EventRecord,
  readEvent,
  writeEvent,
  type WriteEventOptions,
} from "./cloud_event_record.ts";
export { decodeBatch, encodeBatch, type JsonLimits } from "./cloud_event_json.ts";
export { BATCH_TYPE, type ContentMode, contentModeOf, EVENT_TYPE } from "./media_type.ts";
export { decodePercent, encodePercent } from "./percent.ts";
export { formatTime, parseTime } from "./rfc3339.ts";
export { watermill, type WatermillOptions } from "./watermill.ts";
export { DecodeError } from "./errors.ts";
