import type { Rec } from "@beat/beat/message";
import { partitionOf, type SendFailure, type SendItem, type Sink } from "@beat/beat/transport";
import type { Connection, Opened } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import type { Topic, Topics } from "./topics.ts";

/** Bytes of a message that are left for headers, which count for the server. */
const HEADROOM = 4_096;

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
    } catch (cause) {
      // Nothing was sent.
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    const refused = new Map<string, unknown>();
    return await Promise.all(items.map((item) => {
      const { key } = item.rec;
      if (refused.has(key)) return { cause: refused.get(key), outcome: "not-attempted" } as const;
      try {
        return this.#publish(opened, topic, item);
      } catch (cause) {
        if (key !== "") refused.set(key, cause);
        return { cause, outcome: "rejected" } as const;
      }
    }));
  }

  async close(): Promise<void> {}

  /** Throws what cannot be sent before anything is sent. */
  #publish({ nc, js }: Opened, topic: Topic, { rec, identity }: SendItem): Promise<Result> {
    const headers = writeHeaders(rec);
    checkSize(nc.info?.max_payload, rec.payload.length);
    // It is taken as it is: the client would take away spaces around it.
    const msgID = encodeURIComponent(identity);
    const stored = js.publish(subjectFor(topic, rec), rec.payload, { headers, msgID });
    return stored.then(() => undefined, (cause: Error) => {
      this.#topics.forget(topic.name);
      return { cause, outcome: isRefusal(cause) ? "rejected" : "unknown" };
    });
  }
}

/** @throws {RangeError} If the server would close the connection over it. */
export function checkSize(maxPayload = Infinity, length: number): void {
  const most = maxPayload - HEADROOM;
  if (length <= most) return;
  throw new RangeError(
    `Cannot publish as the payload must have at most ${most} bytes: it has ${length}`,
  );
}

/** The subject that a record goes to: by its key, and without one by its id. */
export function subjectFor({ subjects }: Topic, { key, id }: Rec): string {
  return subjects[partitionOf(key || id, subjects.length)]!;
}

/** Whether the server has said that it is not stored, or nobody was there to store it. */
function isRefusal({ name }: Error): boolean {
  return ["JetStreamApiError", "JetStreamNotEnabled", "InvalidArgumentError"].includes(name);
}
