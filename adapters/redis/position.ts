import type { StartPosition } from "@beat/beat/message";
import type { Connection } from "./connection.ts";
import { BEGINNING, isBefore, streamStateOf } from "./stream_state.ts";
import { Trail } from "./trail.ts";

/** The largest number of an entry within its millisecond. */
const LAST = "18446744073709551615";

/** Where a consumer begins, or goes on. */
export interface Departure {
  readonly connection: Connection;
  readonly stream: string;
  /** Where it begins if it was not there before. */
  readonly from: StartPosition;
}

/** The trail of a consumer in a lane, which ends where it goes on. */
export async function setOut(
  trails: Map<string, Trail>,
  lane: string,
  { connection, stream, from }: Departure,
): Promise<Trail> {
  const known = trails.get(lane);
  if (known !== undefined) {
    known.goBack(await resumeAt(connection, stream, known));
    return known;
  }
  const trail = new Trail(await startOf(connection, stream, from));
  trails.set(lane, trail);
  return trail;
}

/** The id after which a consumer begins, as it is now: `$` would be another one later. */
async function startOf(
  connection: Connection,
  stream: string,
  from: StartPosition,
): Promise<string> {
  if (from === "earliest") return BEGINNING;
  if (from === "latest") return (await streamStateOf(connection, stream)).last;
  const before = from.getTime() - 1;
  return before < 0 ? BEGINNING : `${before}-${LAST}`;
}

/**
 * The id after which a consumer goes on. A stream may end before it: a replica that lacks the end has
 * become the server, and who was further goes back to where it has been and the stream has an entry; or
 * it was made anew, by a server whose clock was set back perhaps, and all of it is new. By such a clock the
 * stream may have passed the id again, with other entries before it.
 */
async function resumeAt(
  connection: Connection,
  stream: string,
  trail: Trail,
): Promise<string> {
  const { end } = trail;
  // No entry has such an id: it stands for a time, which may be still to come.
  if (end.endsWith(`-${LAST}`)) return end;
  const { length, first, last } = await streamStateOf(connection, stream);
  const isBehind = isBefore(last, end);
  // What was trimmed has no earlier entries either.
  if (!isBehind && (length === 0 || !isBefore(first, end))) return end;
  for (const id of trail.backwards) {
    const found = await connection.call("XRANGE", stream, id, id) as unknown[];
    if (found.length > 0) return id;
  }
  return isBehind ? BEGINNING : end;
}
