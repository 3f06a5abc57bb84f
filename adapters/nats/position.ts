import type { StartPosition } from "@beat/beat/message";
import { type Consumer, DeliverPolicy, type StreamInfo } from "@nats-io/jetstream";
import type { Opened } from "./connection.ts";
import type { Topic } from "./topics.ts";

/** Where a reader is; it outlives the source. */
export interface Position {
  /** The sequence of the next message; `undefined` until one was settled that `since` let in. */
  next: number | undefined;
  /** Milliseconds since 1970 before which messages are left out. */
  readonly since: number;
}

/** Where a reader begins in a stream. */
export function positionOf({ state }: StreamInfo, from: StartPosition): Position {
  if (from instanceof Date) return { next: undefined, since: from.getTime() };
  return { next: from === "latest" ? state.last_seq + 1 : 1, since: -Infinity };
}

/** A consumer at a position that the server forgets soon after nobody asks for it. */
export function openReader({ js }: Opened, topic: Topic, position: Position): Promise<Consumer> {
  const { next, since } = position;
  return js.consumers.get(topic.stream, {
    ...(topic.subjects.length === 1 ? { filter_subjects: topic.subjects[0]! } : {}),
    ...(next === undefined
      ? {
        deliver_policy: DeliverPolicy.StartTime,
        opt_start_time: new Date(since).toISOString(),
      }
      : { opt_start_seq: next }),
  });
}
