import type { Rec } from "@beat/beat/message";
import { checkPayload } from "@beat/beat/transport";
import type { MsgHdrs } from "@nats-io/transport-node";

/** Bytes of a message that are left for headers, which count for the server. */
const HEADROOM = 4_096;
/** Bytes that UTF-8 takes for a unit of a text at most, and those around a header and around all of them. */
const WIDEST = 3;
const AROUND_ONE = 4;
const AROUND_ALL = 12;
const UTF8 = new TextEncoder();

/** @throws {RangeError} If the server would close the connection over it. */
export function checkSize(
  info: { readonly max_payload: number } | undefined,
  rec: Rec,
  headers: MsgHdrs,
): void {
  if (info === undefined) return;
  checkPayload(rec, info.max_payload - HEADROOM);
  if (sizeOf(headers, (text) => WIDEST * text.length) <= HEADROOM) return;
  const all = rec.payload.length + sizeOf(headers, (text) => UTF8.encode(text).length);
  if (all <= info.max_payload) return;
  throw new RangeError(
    `Cannot publish as payload and headers must have at most ${info.max_payload} bytes: they have ${all}`,
  );
}

function sizeOf(headers: MsgHdrs, measure: (text: string) => number): number {
  let size = AROUND_ALL;
  for (const [name, values] of headers) {
    for (const value of values) size += measure(name) + measure(value) + AROUND_ONE;
  }
  return size;
}
