import type { Rec } from "../message/rec.ts";
import { encodeUtf8 } from "./bytes.ts";
import { assembleEvent, checkEvent, type CloudEvent, CORE_ATTRIBUTES } from "./cloud_event.ts";
import { type JsonLimits, readJson, writeJson } from "./cloud_event_json.ts";
import { DecodeError } from "./errors.ts";
import { contentModeOf, EVENT_TYPE, isJsonFormat } from "./media_type.ts";
import { decodePercent, encodePercent } from "./percent.ts";

/** Whose header rules hold: those of CloudEvents' binding to HTTP, to Kafka or to NATS. */
export type Binding = "http" | "kafka" | "nats";

/** What `writeEvent` takes. */
export interface WriteEventOptions {
  /** `"binary"`: attributes are headers, data the payload. `"structured"`: all is JSON in the payload. @default {"binary"} */
  mode?: "binary" | "structured";
}

/** The part of a record that holds an event. */
export type EventRecord = Pick<Rec, "headers" | "payload">;

const DECODE = "Cannot decode a CloudEvent as";
const CONTENT_TYPE = "content-type";
const NO_DATA = new Uint8Array(0);

interface HeaderRules {
  prefix: string;
  encode(value: string): string;
  decode(value: string): string | undefined;
  /** Header of `datacontenttype`, and where else others put it. */
  contentType: readonly [own: string, others: string];
}

const verbatim = (value: string) => value;

const RULES: Readonly<Record<Binding, HeaderRules>> = {
  http: {
    prefix: "ce-",
    encode: encodePercent,
    decode: decodePercent,
    contentType: [CONTENT_TYPE, "ce-datacontenttype"],
  },
  kafka: {
    prefix: "ce_",
    encode: verbatim,
    decode: verbatim,
    contentType: [CONTENT_TYPE, "ce_datacontenttype"],
  },
  nats: {
    prefix: "ce-",
    encode: encodePercent,
    decode: decodePercent,
    contentType: ["ce-datacontenttype", CONTENT_TYPE],
  },
};

/** The names of the bindings. */
export const BINDINGS: readonly string[] = Object.keys(RULES);

/**
 * The headers and the payload of an event.
 *
 * @throws {TypeError | RangeError} If it breaks a rule of the specification.
 *
 * @example An event as a request
 * ```ts
 * import { writeEvent } from "@beat/beat/marshal";
 * import { assertEquals } from "@std/assert";
 *
 * const event = { specversion: "1.0", id: "1", source: "/shop", type: "paid", subject: "no 7" } as const;
 * assertEquals(new Map(writeEvent(event, "http").headers).get("ce-subject"), "no%207");
 * ```
 */
export function writeEvent(
  event: CloudEvent,
  binding: Binding,
  options: WriteEventOptions = {},
): EventRecord {
  if (options.mode === "structured") {
    return { headers: [[CONTENT_TYPE, EVENT_TYPE]], payload: encodeUtf8(writeJson(event)) };
  }
  checkEvent("encode a CloudEvent", event);
  const { prefix, encode, contentType } = RULES[binding];
  const headers: [string, string][] = [];
  const add = (name: string, value: unknown) =>
    headers.push([prefix + name, encode(String(value))]);
  for (const name of CORE_ATTRIBUTES) {
    if (event[name] !== undefined && name !== "datacontenttype") add(name, event[name]);
  }
  for (const [name, value] of event.extensions ?? []) add(name, value);
  const { datacontenttype } = event;
  if (datacontenttype !== undefined) {
    const [header] = contentType;
    headers.push([header, header === CONTENT_TYPE ? datacontenttype : encode(datacontenttype)]);
  }
  return { headers, payload: event.data ?? NO_DATA };
}

/**
 * The event of a record; its content type tells the mode. Headers that are no part of the event are
 * left out, the case of their names does not count.
 *
 * @throws {DecodeError} If it is none, a batch, or in another format than JSON.
 *
 * @example An event from a request
 * ```ts
 * import { readEvent } from "@beat/beat/marshal";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = [["ce-specversion", "1.0"], ["ce-id", "1"], ["ce-source", "/shop"], ["ce-type", "paid"]] as const;
 * assertEquals(readEvent({ headers, payload: new Uint8Array() }, "http").type, "paid");
 * ```
 */
export function readEvent(
  record: EventRecord,
  binding: Binding,
  limits: JsonLimits = {},
): CloudEvent {
  const headers = new Map(record.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const announced = headers.get(CONTENT_TYPE);
  const mode = contentModeOf(announced);
  if (mode === "binary") return readHeaders(headers, record.payload, RULES[binding]);
  if (mode === "batch") {
    throw new DecodeError(`${DECODE} its content type must be of one event: it is '${announced}'`);
  }
  if (!isJsonFormat(announced!)) {
    throw new DecodeError(`${DECODE} its format must be JSON: it is '${announced}'`);
  }
  return readJson(record.payload, limits);
}

function readHeaders(
  headers: ReadonlyMap<string, string>,
  payload: Uint8Array,
  { prefix, decode, contentType }: HeaderRules,
): CloudEvent {
  const attributes = new Map<string, string>();
  for (const [header, value] of headers) {
    if (!header.startsWith(prefix)) continue;
    attributes.set(header.slice(prefix.length), decodeHeader(header, value, decode));
  }
  const header = contentType.find((name) => headers.has(name));
  if (header !== undefined) {
    const value = headers.get(header)!;
    const text = header === CONTENT_TYPE ? value : decodeHeader(header, value, decode);
    attributes.set("datacontenttype", text);
  }
  return assembleEvent(attributes, payload.length === 0 ? undefined : payload);
}

function decodeHeader(
  header: string,
  value: string,
  decode: HeaderRules["decode"],
): string {
  const text = decode(value);
  if (text === undefined) throw new DecodeError(`${DECODE} '${header}' must be UTF-8`);
  return text;
}
