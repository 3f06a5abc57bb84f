import type { Rec } from "@beat/beat/message";
import { Buffer } from "node:buffer";
import type { KafkaMessage, KafkaRecord } from "./client.ts";

/** The header of an id that no other header tells. */
const ID = "beat-id";
/** Headers in which codecs write the id themselves: those of Watermill and of CloudEvents. */
const IDS_OF_CODECS = ["_watermill_message_uuid", "ce_id"];

const NOTHING = new Uint8Array();

/** Where a record is stored. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
}

/** A record as the producer takes it: metadata are headers, the key is the key, the time is the time. */
export function writeRecord(topic: string, partition: number, rec: Rec): KafkaMessage {
  const { id, key, headers, payload, time } = rec;
  // Each name is an object of its own, so that a name may come twice.
  const written = new Map<Buffer, Buffer>();
  const isNamed = headers.some(([name, value]) => value === id && IDS_OF_CODECS.includes(name));
  // Before the metadata, of which one may have the same name: the first is the id.
  if (!isNamed || headers.some(([name]) => name === ID)) {
    written.set(Buffer.from(ID), Buffer.from(id));
  }
  for (const [name, value] of headers) written.set(Buffer.from(name), Buffer.from(value));
  return {
    ...{ topic, partition },
    ...(key === "" ? {} : { key: Buffer.from(key) }),
    value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    headers: written,
    timestamp: BigInt(Math.trunc(time)),
  };
}

/** The record of what is stored; one that others wrote without an id is named by its place. */
export function readRecord({ key, value, headers: stored }: KafkaRecord, place: Place): Rec {
  let id: string | undefined;
  const headers: [string, string][] = [];
  for (const [name, content] of stored) {
    const header: [string, string] = [text(name), text(content)];
    if (header[0] === ID && id === undefined) id = header[1];
    else headers.push(header);
  }
  id ||= headers.findLast(([name]) => IDS_OF_CODECS.includes(name))?.[1];
  const { topic, partition, offset, time } = place;
  return {
    id: id || `${topic}/${partition}/${offset}`,
    key: text(key),
    headers,
    // What the client gives has methods of its own; users get what they know.
    payload: value === null
      ? NOTHING
      : new Uint8Array(value.buffer, value.byteOffset, value.length),
    time,
  };
}

function text(bytes: Buffer | null): string {
  return bytes === null ? "" : bytes.toString();
}
