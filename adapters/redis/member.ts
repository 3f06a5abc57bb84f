import type { StartPosition } from "@beat/beat/message";
import type { Connection } from "./connection.ts";
import { resumeAt, startOf } from "./position.ts";
import { ABANDON, LEAVE } from "./scripts.ts";
import { groupsOf } from "./stream_state.ts";
import { laneNameOf, type Topic } from "./topics.ts";

/** A consumer in a group. */
export interface Member {
  readonly connection: Connection;
  readonly topic: Topic;
  readonly group: string;
  /** Its name: a new one for each start, kept when its connection is made anew. */
  readonly consumer: string;
  /** Milliseconds that what it has stays its own. */
  readonly lease: number;
}

/** Milliseconds of silence after which a consumer with nothing pending is forgotten. */
const FORGET = 600_000;

/**
 * Makes the group on all streams, unless there is one. `positions` has the last id that was read of each
 * lane: there a group goes on that has vanished with its server.
 */
export async function join(
  member: Member,
  from: StartPosition,
  positions: Map<string, string>,
): Promise<void> {
  const { connection, topic, group, consumer, lease } = member;
  for (const [partition, stream] of topic.keys.streams.entries()) {
    const lane = laneNameOf(topic, partition);
    const known = positions.get(lane);
    const start = known === undefined
      ? await startOf(connection, stream, from)
      : await resumeAt(connection, stream, known);
    try {
      await connection.call("XGROUP", "CREATE", stream, group, start, "MKSTREAM");
      positions.set(lane, start);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("BUSYGROUP"))) throw error;
      const other = (await groupsOf(connection, stream)).find(({ name }) => name === group);
      positions.set(lane, other?.last ?? start);
    }
    // What it had before its connection was lost need not wait for the end of its lease.
    await connection.run(ABANDON, [stream], group, consumer, lease);
  }
}

/** Leaves the group; what is still pending stays with the name until somebody claims it. */
export async function leave({ connection, topic, group, consumer }: Member): Promise<void> {
  for (const stream of topic.keys.streams) {
    await connection.run(LEAVE, [stream], group, consumer, FORGET);
  }
}
