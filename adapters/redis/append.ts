import type { Rec } from "@beat/beat/message";
import { partitionOf } from "@beat/beat/transport";
import type { Layout } from "./layout.ts";
import type { Writer } from "./pipeline_sink.ts";
import type { Topic } from "./topics.ts";

/** Appends records to the streams of a topic. */
export function appender(topic: Topic, layout: Layout): Writer {
  return (rec) => ["xadd", streamOf(topic, rec), ...trimming(topic), "*", ...layout.write(rec)];
}

/** The stream that a record goes to: by its key, and without one by its id. */
export function streamOf({ keys }: Topic, { key, id }: Rec): string {
  return keys.streams[partitionOf(key || id, keys.streams.length)]!;
}

/** About as many as asked for: the server then trims whole nodes, which costs next to nothing. */
function trimming({ maxMessages, retentionMs, now }: Topic): (string | number)[] {
  if (maxMessages !== undefined) return ["MAXLEN", "~", maxMessages];
  return retentionMs === undefined ? [] : ["MINID", "~", Math.max(0, now() - retentionMs)];
}
