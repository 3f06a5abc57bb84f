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

async function lastId(connection: Connection, stream: string): Promise<string> {
  if (await connection.call("EXISTS", stream) === 0) return BEGINNING;
  const info = read(await connection.call("XINFO", "STREAM", stream) as Uint8Array[]);
  return text(info["last-generated-id"]);
}
