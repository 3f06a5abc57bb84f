import type { Rec } from "@beat/beat/message";
import { partitionOf, type SendFailure, type SendItem, type Sink } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import type { Layout } from "./layout.ts";
import type { Topic, Topics } from "./topics.ts";

/** Appends to streams: one pipeline per topic at a time. */
export class StreamSink implements Sink {
  readonly limits = { batch: 1_024, bytes: 4_194_304, lanes: Infinity };
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #layout: Layout;
  readonly #maxPayload: number;

  constructor(connection: Connection, topics: Topics, layout: Layout, maxPayload: number) {
    this.#connection = connection;
    this.#topics = topics;
    this.#layout = layout;
    this.#maxPayload = maxPayload;
  }

  lane(topic: string): string {
    return topic;
  }

  async send(
    lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    let topic: Topic;
    try {
      topic = await this.#topics.open("publish", lane);
      await this.#connection.open();
    } catch (cause) {
      // Nothing was sent.
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    const results = new Array<undefined | SendFailure>(items.length).fill(undefined);
    const refused = new Set<string>();
    const commands: unknown[][] = [];
    const sent: number[] = [];
    for (const [at, { rec }] of items.entries()) {
      try {
        if (refused.has(rec.key)) {
          results[at] = { cause: results.find((one) => one)!.cause, outcome: "not-attempted" };
          continue;
        }
        commands.push(["xadd", streamOf(topic, rec), ...trimming(topic), "*", ...this.#write(rec)]);
        sent.push(at);
      } catch (cause) {
        results[at] = { cause, outcome: "rejected" };
        if (rec.key !== "") refused.add(rec.key);
      }
    }
    if (commands.length === 0) return results;
    const replies = await this.#connection.callAll(commands);
    for (const [index, at] of sent.entries()) {
      const cause = replies[index]![0];
      if (cause !== null) results[at] = { cause, outcome: outcomeOf(cause) };
    }
    return results;
  }

  async close(): Promise<void> {}

  #write(rec: Rec) {
    const { length } = rec.payload;
    if (length <= this.#maxPayload) return this.#layout.write(rec);
    throw new RangeError(
      `Cannot publish as the payload must have at most ${this.#maxPayload} bytes: it has ${length}`,
    );
  }
}

/** The stream that a record goes to: by its key, and without one by its id. */
export function streamOf({ keys }: Topic, { key, id }: Rec): string {
  return keys.streams[partitionOf(key || id, keys.streams.length)]!;
}

/** About as many as asked for: the server then trims whole nodes, which costs next to nothing. */
function trimming({ maxMessages, retentionMs }: Topic): (string | number)[] {
  if (maxMessages !== undefined) return ["MAXLEN", "~", maxMessages];
  return retentionMs === undefined ? [] : ["MINID", "~", Math.max(0, Date.now() - retentionMs)];
}

/** What the server answers is not stored; a connection that broke may have brought it. */
function outcomeOf(cause: Error): "rejected" | "unknown" {
  return cause.name === "ReplyError" || /isn't writeable/.test(cause.message)
    ? "rejected"
    : "unknown";
}
