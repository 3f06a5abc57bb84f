import type { StartPosition } from "@beat/beat/message";
import { AckPolicy, type Consumer, DeliverPolicy, type StreamInfo } from "@nats-io/jetstream";
import type { Opened } from "./connection.ts";
import { NANOS } from "./topic_config.ts";
import { type Topic, unlessMissing } from "./topics.ts";

/** Milliseconds after which the server forgets a consumer that was to be removed and was not. */
const FORGET = 5_000;

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
  const { next } = position;
  const filter = filterOf(topic);
  return js.consumers.get(topic.stream, {
    ...(filter === undefined ? {} : { filter_subjects: filter }),
    ...(next === undefined ? startTimeOf(position) : { opt_start_seq: next }),
  });
}

/**
 * How many messages a reader has not settled. Nobody counts them from an ordered consumer on, which has
 * sent more than was settled: the server is asked what one that begins there would get.
 */
export async function countUnsettled(
  { jsm }: Opened,
  topic: Topic,
  position: Position,
): Promise<number> {
  const { next } = position;
  const filter = filterOf(topic);
  const { name, num_pending } = await jsm.consumers.add(topic.stream, {
    ack_policy: AckPolicy.None,
    inactive_threshold: FORGET * NANOS,
    mem_storage: true,
    ...(filter === undefined ? {} : { filter_subject: filter }),
    ...(next === undefined
      ? startTimeOf(position)
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: next }),
  });
  await unlessMissing(jsm.consumers.delete(topic.stream, name));
  return num_pending;
}

/** A stream of partitions has nothing but its topic. */
function filterOf({ subjects }: Topic): string | undefined {
  return subjects.length === 1 ? subjects[0] : undefined;
}

function startTimeOf({ since }: Position) {
  return {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(since).toISOString(),
  };
}
