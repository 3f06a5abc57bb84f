import type { Rec } from "@beat/beat/message";
import { partitionOf, type SendFailure, type SendItem, type Sink } from "@beat/beat/transport";
import type { Connection, Opened } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import { checkSize } from "./size.ts";
import type { Topic, Topics } from "./topics.ts";

/** The header by which a stream knows what is published twice. */
const ID = "Nats-Msg-Id";

type Result = undefined | SendFailure;

/** Publishes to streams and waits until they have stored it. */
export class JetStreamSink implements Sink {
  readonly limits = { batch: 512, bytes: 4_194_304, lanes: Infinity };
  readonly #connection: Connection;
  readonly #topics: Topics;

  constructor(connection: Connection, topics: Topics) {
    this.#connection = connection;
    this.#topics = topics;
  }

  lane(topic: string): string {
    return topic;
  }

  async send(lane: string, items: readonly SendItem[]): Promise<readonly Result[]> {
    let opened: Opened;
    let topic: Topic;
    try {
      opened = await this.#connection.open("publish");
      topic = await this.#topics.open("publish", lane);
      this.#connection.checkConnected();
    } catch (cause) {
      // Nothing was sent.
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    const results = new Array<Result>(items.length);
    const refused = new Map<string, unknown>();
    const publishing: Promise<void>[] = [];
    for (const [at, { rec, identity }] of items.entries()) {
      const { key } = rec;
      if (refused.has(key)) {
        results[at] = { cause: refused.get(key), outcome: "not-attempted" };
        continue;
      }
      // Until the stream has answered.
      results[at] = { cause: undefined, outcome: "unknown" };
      try {
        const headers = writeHeaders(rec);
        // Encoded as metadata are: the client takes away spaces around it.
        headers.set(ID, encodeURIComponent(identity));
        checkSize(opened.nc.info, rec, headers);
        const stored = opened.js.publish(subjectFor(topic, rec), rec.payload, { headers });
        publishing.push(stored.then(
          () => void (results[at] = undefined),
          (cause) => {
            this.#topics.forget(topic.name);
            results[at] = { cause, outcome: isRefusal(cause) ? "rejected" : "unknown" };
          },
        ));
      } catch (cause) {
        if (key !== "") refused.set(key, cause);
        results[at] = { cause, outcome: "rejected" };
      }
    }
    try {
      await this.#connection.untilLost(Promise.all(publishing));
      return results;
    } catch (cause) {
      return results.map((result) =>
        result?.outcome === "unknown" ? { cause, outcome: "unknown" } : result
      );
    }
  }

  async close(): Promise<void> {}
}

/** The subject that a record goes to: by its key, and without one by its id. */
function subjectFor({ subjects }: Topic, { key, id }: Rec): string {
  return subjects[partitionOf(key || id, subjects.length)]!;
}

/** Whether the server has said that it is not stored, or nobody was there to store it. */
function isRefusal({ name }: Error): boolean {
  return ["JetStreamApiError", "JetStreamNotEnabled", "InvalidArgumentError"].includes(name);
}
