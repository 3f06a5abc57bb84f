import { Message, type MessageOptions } from "../message/message.ts";

/** So many messages with their number as payload, and keys that come round. */
export function numbered(count: number, keys = 0): Message[] {
  return Array.from({ length: count }, (_, at) => {
    return new Message(String(at), keys === 0 ? {} : { key: `key-${at % keys}` });
  });
}

/** So many messages of one key. */
export function ofKey(key: string, count: number, options: MessageOptions = {}): Message[] {
  return Array.from({ length: count }, (_, at) => new Message(String(at), { ...options, key }));
}

/** Each byte value once. */
export function allBytes(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, at) => at);
}

/** Bytes that look different everywhere. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

/** Whether both are the same bytes. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** What is different about a message that was published and then received; brokers may round times. */
export function differences(sent: Message, got: Message): string[] {
  const found: string[] = [];
  if (!isSame(sent.payload, got.payload)) {
    found.push(`payload of ${sent.payload.length} bytes came as other ${got.payload.length} bytes`);
  }
  // A Buffer is one by `instanceof`, and its `slice` does something else.
  const { constructor } = got.payload;
  if (constructor !== Uint8Array) found.push(`payload came as a ${constructor.name}`);
  if (sent.key !== got.key) found.push(`key '${sent.key}' came as '${got.key}'`);
  for (const [name, value] of sent.metadata) {
    const came = got.metadata.get(name);
    if (came !== value) found.push(`metadata ${name} '${value}' came as '${came}'`);
  }
  for (const name of got.metadata.keys()) {
    if (!sent.metadata.has(name)) found.push(`metadata ${name} came and was not published`);
  }
  if (Math.abs(sent.timestamp.getTime() - got.timestamp.getTime()) >= 1_000) {
    found.push(`time ${sent.timestamp.toJSON()} came as ${got.timestamp.toJSON()}`);
  }
  return found.map((what) => `of '${sent.uuid}', ${what}`);
}

/** Says which messages are not among these uuids, for the text of a failure. */
export function tellMissing(messages: readonly Message[], came: Iterable<string>): string {
  const ids = new Set(came);
  const missing = messages.filter(({ uuid }) => !ids.has(uuid));
  return `${missing.length} of ${messages.length} messages did not come, '${
    missing[0]?.uuid
  }' first,`;
}

/** Puts a list into parts of at most `size`. */
export function chunked<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}
