import type { Rec } from "@beat/beat/message";
import {
  partitionOf,
  rejectAll,
  sendEach,
  type SendItem,
  type SendResult,
  type Sink,
} from "@beat/beat/transport";
import type { Connection, Opened } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import { checkSize } from "./size.ts";
import type { Topic, Topics } from "./topics.ts";

/** The header by which a stream knows what is published twice. */
const ID = "Nats-Msg-Id";

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

  async send(lane: string, items: readonly SendItem[]): Promise<readonly SendResult[]> {
    let opened: Opened;
    let topic: Topic;
    try {
      opened = await this.#connection.open("publish");
      topic = await this.#topics.open("publish", lane);
      this.#connection.checkConnected();
    } catch (cause) {
      return rejectAll(items, cause);
    }
    const answers: Promise<void>[] = [];
    const unanswered = new Set<number>();
    const results = sendEach(items, ({ rec, identity }, at) => {
      const headers = writeHeaders(rec);
      // Encoded as metadata are: the client takes away spaces around it.
      headers.set(ID, encodeURIComponent(identity));
      checkSize(opened.nc.info, rec, headers);
      unanswered.add(at);
      const stored = opened.js.publish(subjectFor(topic, rec), rec.payload, { headers });
      const refused = (cause: Error) => {
        this.#topics.forget(topic.name);
        results[at] = { cause, outcome: isRefusal(cause) ? "rejected" : "unknown" };
      };
      answers.push(stored.then(() => {}, refused).finally(() => unanswered.delete(at)));
    });
    try {
      await this.#connection.untilLost(Promise.all(answers));
    } catch (cause) {
      for (const at of unanswered) results[at] = { cause, outcome: "unknown" };
    }
    return results;
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
