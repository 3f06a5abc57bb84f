import type { Rec } from "@beat/beat/message";
import { readHeaders } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import type { Argument } from "./connection.ts";

/** How a record stands in the fields of an entry. */
export interface Layout {
  /** Names and values in turn. */
  write(rec: Rec): Argument[];
  /** The record of an entry; `id` names it where it does not name itself. */
  read(fields: readonly Uint8Array[], entry: Entry): Rec;
}

/** What is known of an entry beside its fields. */
export interface Entry {
  /** The id of its record, where it has none of its own. */
  readonly id: string;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

const NOTHING = new Uint8Array();
const DIRECT = { id: "_id", key: "_key", time: "_time", payload: "payload" } as const;
const RESERVED: readonly string[] = Object.values(DIRECT);

/** One field for each part of a record, and one for all of its headers. */
export const RECORD: Layout = {
  write({ id, key, headers, payload, time }) {
    const written: Argument[] = ["id", id, "time", String(time)];
    if (key !== "") written.push("key", key);
    if (headers.length > 0) written.push("headers", JSON.stringify(headers));
    written.push("payload", bytes(payload));
    return written;
  },

  // Field by field: an object of them costs as much as all the rest.
  read(fields, entry) {
    let id = "";
    let time = "";
    let key = "";
    let headers = "";
    let payload: Uint8Array | undefined;
    let foreign: Map<string, string> | undefined;
    for (let at = 0; at < fields.length; at += 2) {
      const name = text(fields[at]);
      const value = fields[at + 1];
      if (name === "id") id = text(value);
      else if (name === "time") time = text(value);
      else if (name === "key") key = text(value);
      else if (name === "headers") headers = text(value);
      else if (name === "payload") payload = value;
      else (foreign ??= new Map()).set(name, text(value));
    }
    const own = readHeaders(headers);
    return {
      id: id || entry.id,
      key,
      headers: foreign === undefined ? own : [...own, ...foreign],
      payload: plain(payload),
      time: readTime(time, entry),
    };
  },
};

/** Each header is a field of its own, as `redis-cli` and others write and read them. */
export const DIRECT_FIELDS: Layout = {
  write({ id, key, headers, payload, time }) {
    const reserved = headers.find(([name]) => RESERVED.includes(name));
    if (reserved !== undefined) {
      throw new RangeError(
        `Cannot write direct fields as metadata '${
          reserved[0]
        }' must not be used: it is a field of its own`,
      );
    }
    return [
      ...[DIRECT.id, id, DIRECT.time, String(time)],
      ...(key === "" ? [] : [DIRECT.key, key]),
      ...headers.flat(),
      ...[DIRECT.payload, bytes(payload)],
    ];
  },

  read(fields, entry) {
    const { _id, _key, _time, payload, ...rest } = read(fields);
    return {
      id: text(_id) || entry.id,
      key: text(_key),
      headers: foreign(rest),
      payload: plain(payload),
      time: readTime(text(_time), entry),
    };
  },
};

/** The bytes as the client wants them; they are not copied. */
export function bytes(value: Uint8Array): Uint8Array {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** What the client gives has methods of its own; users get what they know. */
export function plain(value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) return NOTHING;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Bytes as text. */
export function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  // What the client gives; a decoder takes twice as long for a short text.
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === "object" ? UTF8.decode(value as Uint8Array) : String(value);
}

const UTF8 = new TextDecoder();

/** The fields by their names; of a repeated one the last counts. */
export function read(fields: readonly Uint8Array[]): Record<string, Uint8Array | undefined> {
  const found: Record<string, Uint8Array | undefined> = Object.create(null);
  for (let at = 0; at < fields.length; at += 2) found[text(fields[at])] = fields[at + 1];
  return found;
}

function foreign(rest: Record<string, Uint8Array | undefined>): [string, string][] {
  return Object.entries(rest).map(([name, value]) => [name, text(value)]);
}

function readTime(value: string, { time }: Entry): number {
  return /^\d{1,15}$/.test(value) ? Number(value) : time;
}
