import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "./bytes.ts";
import { assembleEvent, checkEvent, type CloudEvent, CORE_ATTRIBUTES } from "./cloud_event.ts";
import { DecodeError } from "./errors.ts";
import { isJsonValue, itemsOf, MAX_DEPTH, membersOf, parseJson } from "./json_text.ts";
import { isUtf8, kindOf } from "./media_type.ts";

/** What bounds the JSON that is read. */
export interface JsonLimits {
  /** How deep arrays and objects may stand in each other. @default {128} */
  maxDepth?: number;
}

const DECODE = "Cannot decode a CloudEvent as";
const DECODE_BATCH = "Cannot decode a batch of CloudEvents as";
const JSON_TYPE = "application/json";

/** The text of an event in the JSON format. */
export function writeJson(event: CloudEvent): string {
  checkEvent("encode a CloudEvent", event);
  const members: string[] = [];
  const add = (name: string, value: unknown) =>
    members.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  for (const name of CORE_ATTRIBUTES) {
    if (event[name] !== undefined) add(name, event[name]);
  }
  for (const [name, value] of event.extensions ?? []) add(name, value);
  if (event.data !== undefined) members.push(dataMember(event.data, event.datacontenttype));
  return `{${members.join(",")}}`;
}

/** JSON goes in as it is written, texts as strings, and everything else as base64. */
function dataMember(data: Uint8Array, contentType: string | undefined): string {
  const kind = kindOf(contentType);
  const text = kind === "binary" ? undefined : decodeUtf8(data);
  if (text !== undefined && kind === "text") return `"data":${JSON.stringify(text)}`;
  if (text !== undefined && isJsonValue(text)) return `"data":${text}`;
  return `"data_base64":"${encodeBase64(data)}"`;
}

/**
 * The event of a text in the JSON format.
 *
 * @throws {DecodeError} If it is none.
 */
export function readJson(bytes: Uint8Array, limits: JsonLimits): CloudEvent {
  const { text, value } = parse(DECODE, bytes, limits);
  return toEvent(text, value);
}

/**
 * The bytes of events in the JSON batch format.
 *
 * @throws {TypeError | RangeError} If one of them is no event.
 */
export function encodeBatch(events: readonly CloudEvent[]): Uint8Array {
  return encodeUtf8(`[${events.map(writeJson).join(",")}]`);
}

/**
 * The events of bytes in the JSON batch format, or an error for all of them.
 *
 * @throws {DecodeError} If they are no array of events.
 */
export function decodeBatch(bytes: Uint8Array, limits: JsonLimits = {}): CloudEvent[] {
  const { text, value } = parse(DECODE_BATCH, bytes, limits);
  if (!Array.isArray(value)) throw new DecodeError(`${DECODE_BATCH} its JSON must be an array`);
  return itemsOf(text).map((item, at) => toEvent(item, value[at]));
}

function parse(refusal: string, bytes: Uint8Array, { maxDepth = MAX_DEPTH }: JsonLimits) {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new DecodeError(`${refusal} its bytes must be UTF-8`);
  try {
    return { text, value: parseJson(text, maxDepth) };
  } catch (cause) {
    const fault = cause instanceof RangeError ? cause.message : "its text must be JSON";
    throw new DecodeError(`${refusal} ${fault}`, { cause });
  }
}

function toEvent(text: string, value: unknown): CloudEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DecodeError(`${DECODE} its JSON must be an object`);
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const data = takeData(text, members);
  // JSON without a content type is JSON, and has to say so wherever it goes next.
  if (members.has("data")) {
    members.set("datacontenttype", members.get("datacontenttype") ?? JSON_TYPE);
  }
  members.delete("data");
  members.delete("data_base64");
  return assembleEvent(members, data);
}

function takeData(text: string, members: ReadonlyMap<string, unknown>): Uint8Array | undefined {
  const base64 = members.get("data_base64") ?? undefined;
  const contentType = members.get("datacontenttype");
  if (members.has("data")) {
    if (base64 !== undefined) {
      throw new DecodeError(`${DECODE} 'data' and 'data_base64' must not both be there`);
    }
    return takeValue(text, members.get("data"), contentType);
  }
  if (base64 === undefined) return undefined;
  const bytes = typeof base64 === "string" ? decodeBase64(base64) : undefined;
  if (bytes === undefined) throw new DecodeError(`${DECODE} 'data_base64' must be base64`);
  return bytes;
}

function takeValue(text: string, value: unknown, contentType: unknown): Uint8Array | undefined {
  const type = typeof contentType === "string" ? contentType : undefined;
  if (kindOf(type) === "json") return encodeUtf8(membersOf(text).get("data")!);
  if (value === null) return undefined;
  if (typeof value !== "string") {
    throw new DecodeError(`${DECODE} 'data' must be a string where its type is '${type}'`);
  }
  if (!isUtf8(type!)) {
    throw new DecodeError(
      `${DECODE} 'data' must be UTF-8 where it is a string: its type is '${type}'`,
    );
  }
  return encodeUtf8(value);
}
