import type { StartPosition } from "@beat/beat/message";
import type { Connection } from "./connection.ts";
import { setOut } from "./position.ts";
import { ABANDON, LEAVE } from "./scripts.ts";
import { groupsOf } from "./stream_state.ts";
import { laneNameOf, type Topic } from "./topics.ts";
import type { Trail } from "./trail.ts";

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
 * Makes the group on all streams, unless there is one. A group that has vanished with its server goes on
 * where its trail leads.
 */
export async function join(
  member: Member,
  from: StartPosition,
  trails: Map<string, Trail>,
): Promise<void> {
  const { connection, topic, group, consumer, lease } = member;
  for (const [partition, stream] of topic.keys.streams.entries()) {
    const lane = laneNameOf(topic, partition);
    const trail = await setOut(trails, lane, { connection, stream, from });
    try {
      await connection.call("XGROUP", "CREATE", stream, group, trail.end, "MKSTREAM");
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("BUSYGROUP"))) throw error;
      const other = (await groupsOf(connection, stream)).find(({ name }) => name === group);
      if (other !== undefined) trail.goBack(other.last);
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
