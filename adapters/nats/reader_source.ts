import { type Host, type Lane, READER, type Source } from "@beat/beat/transport";
import type { Consumer, ConsumerMessages } from "@nats-io/jetstream";
import type { Connection, Opened } from "./connection.ts";
import { readRec } from "./headers.ts";
import { countUnsettled, type Position } from "./position.ts";
import { partitionNameOf, type Topic } from "./topics.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly topic: Topic;
  readonly consumer: Consumer;
  readonly position: Position;
  readonly host: Host;
  readonly connection: Connection;
  readonly opened: Opened;
  /** Messages that the client may have beside those that the engine has. */
  readonly prefetch: number;
}

/** Milliseconds after which the server forgets that it was asked for messages. */
const EXPIRES = 4_000;

/** What the client tells when the consumer is gone, and maybe its stream. */
const DELETED = new Set<string>(["consumer_deleted", "stream_not_found"]);

/** A reader without group: the client asks for more as the engine has room, and notices gaps. */
export function readerSource(plan: ReaderPlan): Source {
  const { connection, consumer, host, opened, position, prefetch, topic } = plan;
  const lane: Lane = { name: "", fenced: false };
  let messages: ConsumerMessages | undefined;
  let isClosed = false;

  const fail = (cause: unknown) => {
    if (!isClosed) host.event({ kind: "failed", at: Date.now(), cause });
  };
  /** Hands over what comes, as there is room for it. */
  const follow = async () => {
    messages = await consumer.consume({ max_messages: prefetch, expires: EXPIRES });
    if (isClosed) void messages.close();
    void watch(messages).catch(fail);
    for await (const message of messages) {
      if (isClosed) break;
      const { streamSequence: token, timestampNanos } = message.info;
      const time = Math.floor(timestampNanos / 1e6);
      // A consumer that the client makes anew begins with the stream.
      if (time < position.since) continue;
      const id = `${topic.name}/${partitionNameOf(topic, message.subject)}/${token}`;
      const rec = readRec(message.headers, message.data, { id, time });
      await host.admit({ rec, token, lane, count: 1 });
    }
  };
  /** The client would wait for ever for a stream that was deleted. */
  const watch = async (consumed: ConsumerMessages) => {
    for await (const { type } of consumed.status()) {
      if (DELETED.has(type)) fail(new Error(`Reading '${topic.name}' ended: ${type}`));
    }
  };
  const unlisten = connection.news.onConnection((event) => host.event(event));
  follow().catch(fail);

  return {
    traits: { ...READER, keyOrder: "group" },

    // deno-lint-ignore require-await
    async ack(deliveries) {
      for (const { token } of deliveries) position.next = (token as number) + 1;
    },

    offset: ({ token }) => String(token),

    async lag() {
      const lag = await countUnsettled(opened, topic, position);
      return [{ lane: lane.name, lag, measuredAt: Date.now() }];
    },

    async close() {
      isClosed = true;
      unlisten();
      void messages?.close();
      await consumer.delete().catch(() => {});
    },
  };
}
