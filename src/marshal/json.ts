import { type Codec, fields } from "../message/codec.ts";
import { checkHeaders } from "../message/names.ts";
import { show } from "../options/refusal.ts";
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "./bytes.ts";
import { DecodeError } from "./errors.ts";
import { isJsonValue, membersOf } from "./json_text.ts";
import { formatTime, parseTime } from "./rfc3339.ts";

const ENCODE = "encode a JSON envelope";
const DECODE = "Cannot decode a JSON envelope as";

/** The members that can hold a payload; an envelope has one of them. */
const PAYLOADS = ["payload", "payload_text", "payload_base64"] as const;

/**
 * A codec that puts everything into the payload, as JSON: for brokers and bridges that carry nothing
 * else. Every byte of a message's payload comes back.
 *
 * ```json
 * { "uuid": "…", "key": "order-7", "timestamp": "2026-01-02T03:04:05.678Z",
 *   "metadata": { "tenant": "a" }, "payload": { "total": 12.0 } }
 * ```
 *
 * A payload that is JSON stands there as it is written; other UTF-8 is a string under
 * `payload_text`, and what is not UTF-8 is under `payload_base64`. `key` and `metadata` are left out
 * where they are empty. When read, what an envelope does not say is taken from the record.
 *
 * @example There and back
 * ```ts
 * import { json } from "@beat/beat/marshal";
 * import { Message } from "@beat/beat/message";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const rec = json.encode(new Message('{"total": 12.0}', { key: "order-7" }), { topic: "paid" });
 * assertStringIncludes(new TextDecoder().decode(rec.payload), '"payload":{"total": 12.0}');
 * assertEquals(json.decode(rec, { topic: "paid" }).text(), '{"total": 12.0}');
 * ```
 */
export const json: Codec = {
  encode(message) {
    const { uuid: id, key, metadata, timestamp } = message;
    const headers = [...metadata];
    checkHeaders(ENCODE, headers);
    const members = [
      `"uuid":${JSON.stringify(id)}`,
      ...(key === "" ? [] : [`"key":${JSON.stringify(key)}`]),
      `"timestamp":"${formatTime(ENCODE, timestamp)}"`,
      ...(headers.length === 0
        ? []
        : [`"metadata":${JSON.stringify(Object.fromEntries(headers))}`]),
      payloadMember(message.payload),
    ];
    const payload = encodeUtf8(`{${members.join(",")}}`);
    return { id, key, headers: [], payload, time: timestamp.getTime() };
  },

  decode(rec, context) {
    const { text, envelope } = open(rec.payload);
    const uuid = textOf(envelope, "uuid") || rec.id;
    return fields.decode({
      id: uuid,
      key: textOf(envelope, "key") ?? rec.key,
      headers: [...rec.headers, ...metadataOf(envelope)],
      payload: payloadOf(envelope, text),
      time: timeOf(envelope) ?? rec.time,
    }, context);
  },
};

type Envelope = ReadonlyMap<string, unknown>;

function payloadMember(payload: Uint8Array): string {
  const text = decodeUtf8(payload);
  if (text === undefined) return `"payload_base64":"${encodeBase64(payload)}"`;
  return isJsonValue(text) ? `"payload":${text}` : `"payload_text":${JSON.stringify(text)}`;
}

function open(bytes: Uint8Array): { text: string; envelope: Envelope } {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new DecodeError(`${DECODE} its bytes must be UTF-8`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DecodeError(`${DECODE} its text must be JSON`, { cause });
  }
  return { text, envelope: new Map(Object.entries(objectOf("its JSON", value))) };
}

function payloadOf(envelope: Envelope, text: string): Uint8Array {
  const [name, ...others] = PAYLOADS.filter((name) => envelope.has(name));
  if (name === undefined || others.length > 0) {
    throw new DecodeError(`${DECODE} it must have one of ${PAYLOADS.join(", ")}`);
  }
  if (name === "payload") return encodeUtf8(membersOf(text).get(name)!);
  const written = textOf(envelope, name);
  const bytes = name === "payload_text" ? encodeUtf8(written ?? "") : decodeBase64(written ?? "");
  if (bytes === undefined) throw new DecodeError(`${DECODE} '${name}' must be base64`);
  return bytes;
}

function metadataOf(envelope: Envelope): [string, string][] {
  const entries = Object.entries(objectOf("'metadata'", envelope.get("metadata") ?? {}));
  for (const [name, value] of entries) {
    if (typeof value === "string") continue;
    throw new DecodeError(`${DECODE} metadata ${show(name)} must be a string`);
  }
  return entries as [string, string][];
}

function timeOf(envelope: Envelope): number | undefined {
  const text = textOf(envelope, "timestamp");
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new DecodeError(
    `${DECODE} 'timestamp' must be a time of RFC 3339: current value is ${show(text)}`,
  );
}

function textOf(envelope: Envelope, name: string): string | undefined {
  const value = envelope.get(name) ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw new DecodeError(`${DECODE} '${name}' must be a string: current value is ${show(value)}`);
}

function objectOf(what: string, value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new DecodeError(`${DECODE} ${what} must be an object: current value is ${show(value)}`);
}
