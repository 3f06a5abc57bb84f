import type { Rec } from "@beat/beat/message";
import { headers, type MsgHdrs } from "@nats-io/transport-node";

const ID = "Beat-UUID";
const KEY = "Beat-Key";
const TIME = "Beat-Timestamp";
/** What follows is metadata that a header of its own name could not carry, percent-encoded. */
const ENCODED = "Beat-Meta-";
/** Names with a meaning of their own: the server obeys some of them, it would even purge a stream. */
const RESERVED = /^(nats|beat)-/i;
const FROM_SERVER = /^nats-/i;

/** What is known of a message beside its headers. */
export interface Origin {
  /** The id of a record that has none of its own. */
  readonly id: string;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

/** The headers of a record: metadata as they are, where a header can carry them. */
export function writeHeaders({ id, key, headers: pairs, time }: Rec): MsgHdrs {
  const written = headers();
  written.append(ID, encodeURIComponent(id));
  if (key !== "") written.append(KEY, encodeURIComponent(key));
  written.append(TIME, new Date(time).toISOString());
  // Of a repeated name the last value counts.
  for (const [name, value] of pairs.length < 2 ? pairs : new Map(pairs)) {
    // The client takes away spaces around a value.
    if (RESERVED.test(name) || value !== value.trim()) {
      written.append(ENCODED + name, encodeURIComponent(value));
    } else written.append(name, value);
  }
  return written;
}

/** The record of a message; what others have written is read as far as it can be. */
export function readRec(found: MsgHdrs | undefined, payload: Uint8Array, origin: Origin): Rec {
  // What the record says itself is not asked of its origin, which has to look it up.
  let id = "";
  let time = NaN;
  let key = "";
  const pairs: [string, string][] = [];
  for (const [name, values] of found ?? []) {
    const value = values.at(-1) ?? "";
    if (name === ID) id = decode(value);
    else if (name === KEY) key = decode(value);
    else if (name === TIME) time = Date.parse(value);
    else if (name.startsWith(ENCODED)) pairs.push([name.slice(ENCODED.length), decode(value)]);
    else if (!FROM_SERVER.test(name)) pairs.push([name, value]);
  }
  return {
    id: id || origin.id,
    key,
    headers: pairs,
    payload: plain(payload),
    time: Number.isNaN(time) ? origin.time : time,
  };
}

/** What the client gives has methods of its own; users get what they know. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function decode(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // Somebody else has written it.
    return value;
  }
}
