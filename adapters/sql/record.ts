import type { SqlRow, SqlValue, Statement } from "./contracts.ts";
import type { Rec } from "@beat/beat/message";
import type { Tables } from "./tables.ts";

/** The columns of a message that {@linkcode recordOf} needs. */
export const COLUMNS = "m.seq, m.topic, m.id, m.message_key, m.headers, m.payload, m.time";

/** Publishes records by one statement: a trigger puts them into the queues. */
export function insertion(
  { messages }: Tables,
  items: readonly { readonly topic: string; readonly rec: Rec }[],
): Statement {
  const rows = items.map(() => "(?, ?, ?, ?, ?, ?)").join(", ");
  const values = items.flatMap(({ topic, rec }): SqlValue[] => [
    topic,
    rec.id,
    rec.key,
    JSON.stringify(rec.headers),
    rec.payload,
    Math.round(rec.time),
  ]);
  const columns = "topic, id, message_key, headers, payload, time";
  return [`INSERT INTO ${messages} (${columns}) VALUES ${rows}`, values];
}

/** The record of a row. One that somebody else wrote may have no id. */
export function recordOf(row: SqlRow): Rec {
  const payload = row.payload as Uint8Array | null;
  return {
    id: row.id === "" ? `${row.topic}/${row.seq}` : row.id as string,
    key: row.message_key as string,
    headers: headersOf(row.headers as string),
    payload: payload === null
      ? new Uint8Array()
      : new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength) as Uint8Array,
    time: Number(row.time),
  };
}

/** Pairs as we write them, or an object as it is easier to write by hand. */
function headersOf(text: string): Rec["headers"] {
  const headers: unknown = JSON.parse(text);
  return Array.isArray(headers) ? headers : Object.entries(headers as Record<string, string>);
}
