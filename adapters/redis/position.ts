import type { StartPosition } from "@beat/beat/message";
import type { Connection } from "./connection.ts";
import { read, text } from "./layout.ts";

/** The largest number of an entry within its millisecond. */
const LAST = "18446744073709551615";
/** Before the first entry. */
const BEGINNING = "0-0";

/** The id after which a consumer begins, as it is now: `$` would be another one later. */
export async function startOf(
  connection: Connection,
  stream: string,
  from: StartPosition,
): Promise<string> {
  if (from === "earliest") return BEGINNING;
  if (from === "latest") return await lastId(connection, stream);
  const before = from.getTime() - 1;
  return before < 0 ? BEGINNING : `${before}-${LAST}`;
}

/**
 * The id after which a consumer goes on that was at some id. A stream that ends before it was made anew, by
 * a server whose clock was set back perhaps: all of it is new.
 */
export async function resumeAt(
  connection: Connection,
  stream: string,
  position: string,
): Promise<string> {
  // No entry has such an id: it stands for a time, which may be still to come.
  if (position.endsWith(`-${LAST}`)) return position;
  return isBefore(await lastId(connection, stream), position) ? BEGINNING : position;
}

/** Whether an id of a stream comes before another. */
export function isBefore(one: string, other: string): boolean {
  const [ms, sequence] = one.split("-").map(BigInt);
  const [otherMs, otherSequence] = other.split("-").map(BigInt);
  return ms === otherMs ? sequence! < otherSequence! : ms! < otherMs!;
}

async function lastId(connection: Connection, stream: string): Promise<string> {
  if (await connection.call("EXISTS", stream) === 0) return BEGINNING;
  const info = read(await connection.call("XINFO", "STREAM", stream) as Uint8Array[]);
  return text(info["last-generated-id"]);
}
