/**
 * What the questions about brokers ask of everybody, so that all do the same: a message has an id, a key, a
 * header, a time and a payload; all of it is written, read again, and acked.
 *
 * @module
 */
import { Message, type Rec } from "../../../src/message/mod.ts";

/** A topic, by an adapter or by a client alone. */
export interface Client {
  /** Publishes the message of that number; resolves when the broker has confirmed it. */
  publish(payload: Uint8Array, at: number): Promise<unknown>;
  /** Publishes so many messages in one call. */
  publishAll(payload: Uint8Array, count: number): Promise<unknown>;
  /** Hands over and acks what is in the topic, from its beginning; what it resolves with ends that. */
  consume(handle: Handle): Promise<() => Promise<unknown>>;
  /** Removes the topic, and leaves. */
  close(): Promise<unknown>;
}

/** Hears of each message. */
export type Handle = (payload: Uint8Array) => void;

/** Messages that are fetched at once, or taken and not settled. */
export const PREFETCH = 512;

const HEADERS: Rec["headers"] = [["tenant", "a"]];
const KEYS = Array.from({ length: 100 }, (_, at) => `customer-${at}`);

/** What a client alone is to write. */
export function newRec(payload: Uint8Array, at: number): Rec {
  const key = KEYS[at % KEYS.length]!;
  return { id: crypto.randomUUID(), key, headers: HEADERS, payload, time: Date.now() };
}

/** The same for an adapter. */
export function newMessage(payload: Uint8Array, at: number): Message {
  return new Message(payload, { key: KEYS[at % KEYS.length]!, metadata: HEADERS });
}

/** Makes `count` of them. */
export function several<T>(
  make: (payload: Uint8Array, at: number) => T,
  payload: Uint8Array,
  count: number,
): T[] {
  return Array.from({ length: count }, (_, at) => make(payload, at));
}

/** Whoever has not read all of a message has not done the same. */
export function checked({ id, key, headers, payload, time }: Rec): Uint8Array {
  if (id.length !== 36 || key === "" || headers[0]?.[1] !== "a" || !(time > 0)) {
    throw new Error(`Read wrongly: ${id}, ${key}, ${headers}, ${time}`);
  }
  return payload;
}
