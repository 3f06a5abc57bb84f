import { type Message, openRecord, writeRecord } from "./message.ts";
import { safeHeaderName, safeHeaderValue } from "./names.ts";
import type { Rec } from "./rec.ts";

/** What a codec may look at beside the message or record. */
export interface CodecContext {
  /** Where the message is published, or was received. */
  readonly topic: string;
}

/** Turns messages into records and back. What `encode` and `decode` throw refuses the message. */
export interface Codec {
  /** The record of a message. */
  encode(message: Message, context: CodecContext): Rec;
  /** The message of a record; the caller ties it to its delivery. */
  decode(rec: Rec, context: CodecContext): Message;
}

/**
 * The default codec: field by field, the payload as it is.
 *
 * Foreign header names with characters other than `[A-Za-z0-9_.-]` are escaped (`a b` comes as
 * `a_x20_b`), and CR, LF and NUL in foreign values come as spaces: so every received message can be
 * published again.
 *
 * @example There and back
 * ```ts
 * import { fields, Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const rec = fields.encode(new Message("hello", { key: "a" }), { topic: "greetings" });
 * assertEquals(fields.decode(rec, { topic: "greetings" }).text(), "hello");
 * ```
 */
export const fields: Codec = {
  encode: writeRecord,

  decode(rec: Rec): Message {
    return openRecord(areSafe(rec.headers) ? rec : { ...rec, headers: rec.headers.map(makeSafe) });
  },
};

function areSafe(headers: Rec["headers"]): boolean {
  return headers.every(([name, value]) =>
    safeHeaderName(name) === name && safeHeaderValue(value) === value
  );
}

function makeSafe([name, value]: readonly [string, string]): readonly [string, string] {
  return [safeHeaderName(name), safeHeaderValue(value)];
}
