import { type Codec, type CodecContext, fields } from "../message/codec.ts";
import type { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { check, checkOptions, choice, integer, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { checkSource, checkType, type CloudEvent } from "./cloud_event.ts";
import { attributesOf, keyOf, metadataOf } from "./cloud_event_mapping.ts";
import { type Binding, BINDINGS, readEvent, writeEvent } from "./cloud_event_record.ts";
import { MAX_DEPTH } from "./json_text.ts";
import { formatTime, parseTime } from "./rfc3339.ts";

/** What `cloudEvents` takes. */
export interface CloudEventsOptions {
  /** Where events that are made here happen: a URI reference such as `"/shop/orders"`. */
  source: string;
  /** Whose header rules hold. */
  binding: Binding;
  /**
   * How events are written: `"binary"`, attributes as headers and data as the payload, or
   * `"structured"`, all as JSON in the payload. Both are read. @default {"binary"}
   */
  mode?: "binary" | "structured";
  /** The attribute that is the topic. @default {"type"} */
  topic?: "type" | "subject";
  /** The type of events where the subject is the topic, and needed there; elsewhere it is refused. */
  type?: string;
  /**
   * What to do with metadata that cannot be an extension: `"error"` refuses the message, `"drop"`
   * leaves it out. @default {"error"}
   */
  onUnmappable?: "error" | "drop";
  /** How deep arrays and objects may stand in each other in JSON that is read. @default {128} */
  maxDepth?: number;
}

/** A codec that can also stop half-way, at the event. */
export interface CloudEventsCodec extends Codec {
  /**
   * The event of a message.
   *
   * @throws {TypeError | RangeError} If a part of the message cannot be an attribute.
   */
  toEvent(message: Message, context: CodecContext): CloudEvent;
  /** The message of an event; one without a time gets the current one. */
  toMessage(event: CloudEvent, context: CodecContext): Message;
}

const CREATE = "create a CloudEvents codec";
const NO_DATA = new Uint8Array(0);
const RULES: Rules = {
  source: ["a string", "string"],
  binding: choice(...BINDINGS),
  mode: choice("binary", "structured"),
  topic: choice("type", "subject"),
  type: ["a string", "string"],
  onUnmappable: choice("error", "drop"),
  maxDepth: integer(1),
};

/**
 * Creates a codec that writes messages as CloudEvents 1.0.2 and reads them, in the way of its binding
 * to HTTP, Kafka or NATS.
 *
 * | message              | event                                                                       |
 * | -------------------- | --------------------------------------------------------------------------- |
 * | `uuid`, `timestamp`  | `id`, `time`                                                                |
 * | `key`                | `partitionkey`                                                              |
 * | topic                | `type`, or `subject`                                                        |
 * | payload              | `data`; an empty one is none                                                |
 * | metadata             | `content-type` is `datacontenttype`; `ce-source`, `ce-type`, `ce-subject` and `ce-dataschema` are those attributes, and go before the options; all else are extensions, in lower case |
 *
 * `correlation_id`, `causation_id` and the `dlq_…` of dead letters are extensions without their `_`,
 * and get it back. Events of others keep what they say of themselves in the metadata above, so that
 * passing them on changes nothing but the topic.
 *
 * @throws {TypeError | RangeError} If an option breaks its rule.
 *
 * @example A message as an event over HTTP
 * ```ts
 * import { cloudEvents } from "@beat/beat/marshal";
 * import { Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = cloudEvents({ source: "/shop", binding: "http" });
 * const rec = codec.encode(new Message("5", { key: "a" }), { topic: "orders.paid" });
 * assertEquals(new Map(rec.headers).get("ce-type"), "orders.paid");
 * assertEquals(codec.decode(rec, { topic: "orders.paid" }).key, "a");
 * ```
 */
export function cloudEvents(options: CloudEventsOptions): CloudEventsCodec {
  checkOptions(CREATE, options, RULES);
  const { source, binding, mode = "binary", topic = "type", type, maxDepth = MAX_DEPTH } = options;
  const dropsUnmappable = options.onUnmappable === "drop";
  checkSource(CREATE, source);
  check(CREATE, "binding", binding, RULES.binding!);
  if (topic === "subject") checkType(CREATE, type);
  else if (type !== undefined) refuse(CREATE, "type", "left out where the topic is the type", type);

  const toEvent = (message: Message, context: CodecContext): CloudEvent => ({
    specversion: "1.0",
    id: message.uuid,
    source,
    type: type ?? context.topic,
    ...(topic === "subject" && { subject: context.topic }),
    time: formatTime("encode a CloudEvent", message.timestamp),
    ...attributesOf(message, dropsUnmappable),
    ...(message.payload.length > 0 && { data: message.payload }),
  });

  const open = (event: CloudEvent, context: CodecContext, otherwise: Pick<Rec, "key" | "time">) =>
    fields.decode({
      id: event.id,
      key: keyOf(event) ?? otherwise.key,
      headers: metadataOf(event, topic, context.topic),
      payload: event.data ?? NO_DATA,
      time: event.time === undefined ? otherwise.time : parseTime(event.time)!,
    }, context);

  return {
    toEvent,
    toMessage: (event, context) => open(event, context, { key: "", time: Date.now() }),
    encode(message, context) {
      const { headers, payload } = writeEvent(toEvent(message, context), binding, { mode });
      const { uuid: id, key, timestamp } = message;
      return { id, key, headers, payload, time: timestamp.getTime() };
    },
    decode: (rec, context) => open(readEvent(rec, binding, { maxDepth }), context, rec),
  };
}
