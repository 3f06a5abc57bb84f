import type { BusEvent } from "../core/event.ts";
import type { Rec } from "../message/rec.ts";

const BYTES = new TextEncoder();

/** What a bus event becomes as a record, and a record as an event. */
export interface Conversion {
  /** The bytes of an event's data. */
  encode(data: unknown): Uint8Array | string;
  /** The data of an event, from bytes that are its own. */
  decode(payload: Uint8Array): unknown;
}

/** Bytes stay as they are, a string becomes UTF-8, nothing becomes no bytes, and the rest JSON. */
export const PLAIN: Conversion = {
  encode(data) {
    if (data === undefined) return "";
    return data instanceof Uint8Array || typeof data === "string" ? data : toJson(data);
  },
  decode: (payload) => payload,
};

/** The event of a record. Its bytes are copied: a bus may handle it when the publisher uses its buffer again. */
export function toEvent(topic: string, rec: Rec, { decode }: Conversion): BusEvent {
  const event: BusEvent = {
    type: topic,
    data: decode(new Uint8Array(rec.payload)),
    id: rec.id,
    timestamp: rec.time,
  };
  if (rec.key !== "") event.key = rec.key;
  if (rec.headers.length > 0) event.metadata = Object.fromEntries(rec.headers);
  return event;
}

/** The record of an event; `name` gives an identity to one that has none. */
export function toRecord(event: BusEvent, name: () => string, { encode }: Conversion): Rec {
  const { id = "", key = "", metadata, timestamp = Date.now() } = event;
  const payload = encode(event.data);
  return {
    id: id === "" ? name() : id,
    key,
    headers: metadata === undefined ? [] : Object.entries(metadata),
    payload: typeof payload === "string" ? BYTES.encode(payload) : payload,
    time: timestamp,
  };
}

function toJson(data: unknown): string {
  const text: string | undefined = JSON.stringify(data);
  if (text !== undefined) return text;
  throw new TypeError(`Cannot turn an event into a message as JSON has no ${typeof data}`);
}
