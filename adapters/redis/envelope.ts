import type { Rec } from "@beat/beat/message";
import { isHeader } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import { bytes, plain } from "./layout.ts";

/** What the head of our own messages begins with. */
const MARK = '{"beat":1,';
const NEWLINE = 0x0a;

/** A record as one message of a channel: a line of JSON, then the payload as it is. */
export function writeEnvelope({ id, key, headers, payload, time }: Rec): Uint8Array {
  const head = JSON.stringify({
    beat: 1,
    id,
    time,
    ...(key === "" ? {} : { key }),
    ...(headers.length === 0 ? {} : { headers }),
  });
  return Buffer.concat([Buffer.from(`${head}\n`), bytes(payload)]);
}

/** The record of a message; one that somebody else wrote is a payload, which `id` names. */
export function readEnvelope(message: Uint8Array, id: string): Rec {
  const own = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const end = own.indexOf(NEWLINE);
  if (end !== -1 && own.toString("latin1", 0, MARK.length) === MARK) {
    const head = readHead(own.toString("utf8", 0, end));
    if (head !== undefined) return { ...head, payload: plain(own.subarray(end + 1)) };
  }
  return { id, key: "", headers: [], payload: plain(own), time: Date.now() };
}

function readHead(line: string): Omit<Rec, "payload"> | undefined {
  try {
    const { id, key = "", headers = [], time } = JSON.parse(line);
    const isOurs = typeof id === "string" && typeof key === "string" && typeof time === "number" &&
      Array.isArray(headers) && headers.every(isHeader);
    return isOurs ? { id, key, headers, time } : undefined;
  } catch {
    return undefined;
  }
}
