import { partitionOf, sendBy, type SendResult, type Sink } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { writeHeaders } from "./headers.ts";
import { checkSize } from "./size.ts";
import type { Topics } from "./topics.ts";

/** The header by which a stream knows what is published twice. */
const ID = "Nats-Msg-Id";

/** Publishes to streams and waits until they have stored it. */
export function jetStreamSink(connection: Connection, topics: Topics): Sink {
  return {
    limits: { batch: 512, bytes: 4_194_304, lanes: Infinity },
    lane: (topic) => topic,
    send: (lane, items) =>
      sendBy(items, async () => {
        const { nc, js } = await connection.open("publish");
        const { subjects } = await topics.open("publish", lane);
        connection.checkConnected();
        return {
          write({ rec, identity }) {
            const headers = writeHeaders(rec);
            // Encoded as metadata are: the client takes away spaces around it.
            headers.set(ID, encodeURIComponent(identity));
            checkSize(nc.info, rec, headers);
            // By its key, and without one by its id.
            const subject = subjects[partitionOf(rec.key || rec.id, subjects.length)]!;
            return [subject, rec.payload, { headers }] as const;
          },
          async send(written) {
            const results = new Map<number, SendResult>();
            const answers = written.map(async (message, at) => {
              results.set(at, await js.publish(...message).then(() => undefined, failureOf));
            });
            const all = connection.untilLost(Promise.all(answers));
            const lost = await all.then(() => undefined, failureOf);
            if (results.values().some((result) => result !== undefined)) topics.forget(lane);
            return written.map((_, at) => results.has(at) ? results.get(at) : lost);
          },
        };
      }),
    close: () => Promise.resolve(),
  };
}

/** What a server says that has not stored it, or a client whom nobody has answered who would store it. */
const REFUSALS = ["JetStreamApiError", "JetStreamNotEnabled", "InvalidArgumentError"];

function failureOf(cause: unknown): SendResult {
  const isRefusal = cause instanceof Error && REFUSALS.includes(cause.name);
  return { cause, outcome: isRefusal ? "rejected" : "unknown" };
}
