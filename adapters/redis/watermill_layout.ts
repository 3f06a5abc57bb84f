import type { Rec } from "@beat/beat/message";
import { bytes, type Layout, plain, read, text } from "./layout.ts";
import { readStringMap, writeStringMap } from "./string_map.ts";

/** The id of a message, as Watermill's packages for brokers name it. */
const UUID = "_watermill_message_uuid";
/** Watermill knows no key, and leaves alone what it does not know. */
const KEY = "_key";

/** The fields of watermill-redisstream (github.com/ThreeDotsLabs/watermill-redisstream). */
export const WATERMILL: Layout = {
  write({ id, key, headers, payload }: Rec) {
    const metadata = headers.filter(([name]) => name !== UUID);
    return [
      ...[UUID, headers.findLast(([name]) => name === UUID)?.[1] ?? id],
      ...["metadata", writeStringMap(metadata)],
      ...["payload", bytes(payload)],
      ...(key === "" ? [] : [KEY, key]),
    ];
  },

  read(fields, entry) {
    const { metadata, payload, ...rest } = read(fields);
    return {
      id: text(rest[UUID]) || entry.id,
      key: text(rest[KEY]),
      headers: readMetadata(metadata),
      payload: plain(payload),
      time: entry.time,
    };
  },
};

/** What cannot be read is kept as it is: a message that nobody can read must not hold up the others. */
function readMetadata(map: Uint8Array | undefined): (readonly [string, string])[] {
  if (map === undefined || map.length === 0) return [];
  try {
    return readStringMap(map);
  } catch {
    return [["metadata", text(map)]];
  }
}
