import type { Piece, SqlDialect, SqlRow, SqlValue, Statement } from "./contracts.ts";
import type { Rec } from "@beat/beat/message";
import { readHeaders } from "@beat/beat/transport";
import type { Tables } from "./tables.ts";

const UTF8 = new TextEncoder();

/** What a message has beside its number. */
export const CONTENT = "m.topic, m.id, m.message_key, m.headers, m.payload, m.time";

/** The columns of a message that {@linkcode recordOf} needs. */
export const COLUMNS = `m.seq, ${CONTENT}`;

/** Publishes records by one statement: a trigger puts them into the queues. */
export function insertion(
  { messages }: Tables,
  items: readonly { readonly topic: string; readonly rec: Rec }[],
  { rows = valuesOf }: Pick<SqlDialect, "rows"> = {},
): Statement {
  const [from, values] = rows(items.map(({ topic, rec }): SqlValue[] => [
    topic,
    rec.id,
    rec.key,
    JSON.stringify(rec.headers),
    rec.payload,
    Math.round(rec.time),
  ]));
  const columns = "topic, id, message_key, headers, payload, time";
  return [`INSERT INTO ${messages} (${columns}) ${from}`, values];
}

/** Rows as values. */
export function valuesOf(rows: readonly (readonly SqlValue[])[]): Piece {
  return [`VALUES ${Array(rows.length).fill("(?, ?, ?, ?, ?, ?)").join(", ")}`, rows.flat()];
}

/** The record of a row. One that somebody else wrote may have no id. */
export function recordOf(row: SqlRow): Rec {
  return {
    id: row.id === "" ? `${row.topic}/${row.seq}` : row.id as string,
    key: row.message_key as string,
    headers: readHeaders(row.headers as string),
    payload: bytesOf(row.payload),
    time: Number(row.time),
  };
}

/** What clients give has methods of its own, and SQLite keeps what somebody wrote as text as it is. */
function bytesOf(payload: unknown): Uint8Array {
  if (payload === null) return new Uint8Array();
  if (!(payload instanceof Uint8Array)) return UTF8.encode(String(payload));
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
}
