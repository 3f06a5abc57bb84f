import { type Codec, fields } from "../message/codec.ts";
import type { Message } from "../message/message.ts";
import { checkHeaders } from "../message/names.ts";
import type { Rec } from "../message/rec.ts";
import { checkOptions, choice } from "../options/options.ts";
import { show } from "../options/refusal.ts";
import { decodeUtf8 } from "./bytes.ts";
import { DecodeError } from "./errors.ts";

/** What `watermill` takes. */
export interface WatermillOptions {
  /**
   * `"headers"`: as its Kafka and NATS packages write messages, the UUID and all metadata as headers.
   * `"http"`: as watermill-http does, metadata as JSON in one header. @default {"headers"}
   */
  binding?: "headers" | "http";
}

const ENCODE = "encode a Watermill message";
const DECODE = "Cannot decode a Watermill message as";
const UUID = "_watermill_message_uuid";
const HTTP_UUID = "Message-Uuid";
const HTTP_METADATA = "Message-Metadata";

/**
 * Creates a codec for topics that are shared with services in Go on Watermill.
 *
 * Watermill knows no key and no timestamp: those are the broker's. A message without a UUID gets the
 * broker's name for it.
 *
 * @throws {TypeError | RangeError} If an option breaks its rule.
 *
 * @example A message as Watermill's Kafka and NATS packages read it
 * ```ts
 * import { watermill } from "@beat/beat/marshal";
 * import { Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new Message("hello", { uuid: "7", metadata: { tenant: "a" } });
 * const rec = watermill().encode(message, { topic: "greetings" });
 * assertEquals(rec.headers, [["_watermill_message_uuid", "7"], ["tenant", "a"]]);
 * ```
 */
export function watermill(options: WatermillOptions = {}): Codec {
  checkOptions("create a Watermill codec", options, { binding: choice("headers", "http") });
  return options.binding === "http" ? HTTP : HEADERS;
}

const HEADERS: Codec = {
  encode(message) {
    if (message.metadata.has(UUID)) {
      throw new RangeError(
        `Cannot ${ENCODE} as metadata '${UUID}' must not be used: it is the UUID`,
      );
    }
    return record(message, [[UUID, message.uuid], ...message.metadata]);
  },

  decode(rec, context) {
    const metadata = rec.headers.filter(([name]) => name !== UUID);
    const uuid = rec.headers.findLast(([name]) => name === UUID)?.[1];
    return fields.decode({ ...rec, id: uuid || rec.id, headers: metadata }, context);
  },
};

const HTTP: Codec = {
  encode(message) {
    const metadata = [...message.metadata];
    checkHeaders(ENCODE, metadata);
    return record(message, [
      [HTTP_UUID, message.uuid],
      [HTTP_METADATA, toAscii(JSON.stringify(Object.fromEntries(metadata)))],
    ]);
  },

  decode(rec, context) {
    const headers = new Map(rec.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const id = headers.get(HTTP_UUID.toLowerCase()) || rec.id;
    const written = headers.get(HTTP_METADATA.toLowerCase());
    const metadata = written ? readMetadata(written) : [];
    return fields.decode({ ...rec, id, headers: metadata }, context);
  },
};

function record(message: Message, headers: Rec["headers"]): Rec {
  return { ...fields.encode(message, { topic: "" }), headers };
}

/** Headers carry ASCII only; JSON has escapes for all else. */
function toAscii(json: string): string {
  return json.replace(
    /[^\0-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function readMetadata(written: string): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(fromBytes(written));
  } catch (cause) {
    throw new DecodeError(`${DECODE} '${HTTP_METADATA}' must be JSON`, { cause });
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new DecodeError(
      `${DECODE} '${HTTP_METADATA}' must be a JSON object: it is ${show(written)}`,
    );
  }
  // A Go service without metadata writes `null`.
  const entries = Object.entries(value ?? {});
  for (const [name, text] of entries) {
    if (typeof text === "string") continue;
    throw new DecodeError(`${DECODE} metadata ${show(name)} must be a string`);
  }
  return entries;
}

/** Go writes UTF-8 into headers, of which platforms hand over each byte as a character. */
function fromBytes(header: string): string {
  if (/[^\0-\xff]/.test(header)) return header;
  return decodeUtf8(Uint8Array.from(header, (byte) => byte.charCodeAt(0))) ?? header;
}
