import { decodePercent, encodePercent, formatTime, parseTime } from "@beat/beat/marshal";
import { newUuid, type Rec } from "@beat/beat/message";
import type { Content } from "./content.ts";
import { MalformedError } from "./errors.ts";

const UUID = "beat-uuid";
const KEY = "beat-key";
const TIMESTAMP = "beat-timestamp";
const META = "beat-meta-";

const DEFAULT_TYPE = "application/octet-stream";

/**
 * A record as a request: its payload is the body, all else is headers.
 *
 * @throws {RangeError} If its time is none of RFC 3339.
 */
export function writePlain({ id, key, headers, payload, time }: Rec): Content {
  const metadata = new Map(headers);
  const written: [string, string][] = [
    ["content-type", contentTypeOf(metadata)],
    [UUID, encodePercent(id)],
    [TIMESTAMP, formatTime("write a webhook", new Date(time))],
  ];
  if (key !== "") written.push([KEY, encodePercent(key)]);
  for (const [name, value] of metadata) {
    written.push([META + encodeName(name), encodePercent(value)]);
  }
  return { headers: written, body: payload };
}

/** Headers that belong to the request, the connection, or the signature. */
const RESERVED =
  /^(host|authorization|cookie|connection|transfer-encoding|te|trailer|upgrade|expect|content-(length|encoding)|keep-alive|proxy-.*|webhook-.*)$/;

/**
 * A record as a request whose headers are those of the record.
 *
 * @throws {RangeError} If one is reserved, has other characters than visible ASCII and spaces, or the name
 * of another one but for capitals, which HTTP does not tell apart.
 */
export function writeHeaders({ headers, payload }: Rec): Content {
  const written = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (RESERVED.test(lower) || /[^\x20-\x7e]/.test(value)) {
      throw new RangeError(
        `Cannot write header '${name}' as it must not be reserved, and must be visible ASCII`,
      );
    }
    if (written.has(lower)) {
      throw new RangeError(`Cannot write header '${name}' as there must be one of a name`);
    }
    written.set(lower, value);
  }
  if (!written.has("content-type")) written.set("content-type", DEFAULT_TYPE);
  return { headers: [...written], body: payload };
}

/**
 * The record of a request. What is signed goes before what is not: an id from the signature replaces
 * that of the headers; where there is none, a random one makes it another message each time it comes.
 * Metadata is read where `Beat-UUID` is there, which all publishers send.
 *
 * @throws {MalformedError} If a header is no date or not UTF-8.
 */
export function readPlain(
  headers: Headers,
  body: Uint8Array,
  signedId: string | undefined,
  copied: readonly string[],
): Rec {
  return {
    id: idOf(headers, signedId) || newUuid(),
    key: decodeHeader(KEY, headers.get(KEY) ?? ""),
    // Walking through headers is slow: it is done for those who sent any of ours.
    headers: [...copy(headers, copied), ...(headers.has(UUID) ? metadataOf(headers) : [])],
    payload: body,
    time: timeOf(headers.get(TIMESTAMP)),
  };
}

/** An id is a name: where it is no encoding of ours, it is what it is. */
function idOf(headers: Headers, signedId: string | undefined): string {
  const id = signedId ?? headers.get(UUID) ?? headers.get("webhook-id") ?? "";
  return decodePercent(id) ?? id;
}

function copy(headers: Headers, names: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) found.push([name, value]);
  }
  return found;
}

function metadataOf(headers: Headers): Rec["headers"] {
  const metadata: [string, string][] = [];
  for (const [name, value] of headers) {
    if (!name.startsWith(META)) continue;
    metadata.push([decodeHeader(name, name.slice(META.length)), decodeHeader(name, value)]);
  }
  return metadata;
}

/** A uuid as an id of Standard Webhooks, which has no dot. */
export function encodeId(uuid: string): string {
  return encodePercent(uuid).replaceAll(".", "%2E");
}

function contentTypeOf(metadata: ReadonlyMap<string, string>): string {
  const type = metadata.get("content-type");
  return type === undefined || /[^\x20-\x7e]/.test(type) ? DEFAULT_TYPE : type;
}

/** HTTP does not keep the case of a header's name. */
function encodeName(name: string): string {
  return name.replace(
    /[A-Z]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16)}`,
  );
}

function decodeHeader(name: string, value: string): string {
  const text = decodePercent(value);
  if (text === undefined) throw new MalformedError(`Header '${name}' must be UTF-8`);
  return text;
}

function timeOf(text: string | null): number {
  if (text === null) return Date.now();
  const time = parseTime(text);
  if (time === undefined) {
    throw new MalformedError(`Header '${TIMESTAMP}' must be a date of RFC 3339`);
  }
  return time;
}
