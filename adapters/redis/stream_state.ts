import type { LaneLag } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { read, text } from "./layout.ts";
import { TRIM } from "./scripts.ts";
import type { StreamLane } from "./stream_lane.ts";
import type { Topic } from "./topics.ts";

/** Before the first entry. */
export const BEGINNING = "0-0";

/** What a server knows of a stream. */
export interface StreamState {
  /** Entries that it has. */
  readonly length: number;
  /** Entries that it has ever had. */
  readonly added: number;
  /** The id of the first entry that it has. */
  readonly first: string;
  /** The largest id that was given. */
  readonly last: string;
}

/** What a server knows of a stream, which need not exist. */
export async function streamStateOf(connection: Connection, stream: string): Promise<StreamState> {
  if (await connection.call("EXISTS", stream) === 0) {
    return { length: 0, added: 0, first: BEGINNING, last: BEGINNING };
  }
  const info = read(await connection.call("XINFO", "STREAM", stream) as Uint8Array[]);
  return {
    length: Number(info.length),
    added: Number(info["entries-added"]),
    first: text(info["recorded-first-entry-id"]),
    last: text(info["last-generated-id"]),
  };
}

/** Whether an id of a stream comes before another. */
export function isBefore(one: string, other: string): boolean {
  const [ms, sequence] = one.split("-").map(BigInt);
  const [otherMs, otherSequence] = other.split("-").map(BigInt);
  return ms === otherMs ? sequence! < otherSequence! : ms! < otherMs!;
}

/** Whether entries go although somebody may not have read them. */
export function isTrimmed({ maxMessages, retentionMs }: Topic): boolean {
  return maxMessages !== undefined || retentionMs !== undefined;
}

/** How many entries of a stream a group has not settled. */
export async function lagOf(
  connection: Connection,
  topic: Topic,
  group: string,
  lane: StreamLane,
): Promise<LaneLag> {
  const [groups, length, delayed] = await Promise.all([
    groupsOf(connection, lane.stream),
    connection.call("XLEN", lane.stream),
    connection.call("ZCARD", topic.keys.delayed(group, lane.partition)),
  ]);
  const known = groups.find(({ name }) => name === group);
  // The server does not know after entries were deleted one by one: what there is is the most.
  const unread = known?.lag ?? Number(length);
  const lag = unread + (known?.pending ?? 0) + Number(delayed);
  return { lane: lane.name, lag, measuredAt: Date.now() };
}

/** Removes what all groups have settled. */
export async function trimAcked(
  connection: Connection,
  { keys }: Topic,
  lanes: Iterable<StreamLane>,
): Promise<void> {
  for (const { stream, partition } of lanes) {
    const names = (await groupsOf(connection, stream)).map(({ name }) => name);
    const delayed = names.map((name) => keys.delayed(name, partition));
    await connection.run(TRIM, [stream, ...delayed], ...names);
  }
}

/** A group of a stream. */
export interface GroupState {
  readonly name: string;
  /** The last id that it has read. */
  readonly last: string;
  readonly pending: number;
  readonly lag: number | undefined;
}

/** The groups of a stream, which exists. */
export async function groupsOf(connection: Connection, stream: string): Promise<GroupState[]> {
  const reply = await connection.call("XINFO", "GROUPS", stream);
  return (reply as Uint8Array[][]).map((fields) => {
    const { name, pending, lag, ...rest } = read(fields) as Record<string, unknown>;
    return {
      name: text(name),
      last: text(rest["last-delivered-id"]),
      pending: Number(pending),
      lag: lag === null || lag === undefined ? undefined : Number(lag),
    };
  });
}
