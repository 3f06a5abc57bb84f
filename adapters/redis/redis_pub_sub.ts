import type {
  ConnectionEvents,
  HealthReporter,
  Host,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "@beat/beat/transport";
import { checkTopic } from "@beat/beat/message";
import { openChannel } from "./channel_source.ts";
import { writeEnvelope } from "./envelope.ts";
import { planPubSub, type RedisServerOptions } from "./options.ts";
import { pipelineSink } from "./pipeline_sink.ts";
import { Server } from "./server.ts";

/** Redis Pub/Sub as a broker. */
export interface RedisPubSub extends Transport, HealthReporter, ConnectionEvents {}

const TRAITS: Traits = {
  settle: "none",
  requeue: "engine",
  lease: 0,
  counts: false,
  retained: false,
  groups: false,
  keyOrder: "member",
};

/** Milliseconds between two signs of life at most. */
const BLOCK = 2_000;

/**
 * Redis Pub/Sub as a transport: who is subscribed gets what is published now; nothing is kept, and what
 * comes while a connection is away is gone. Needs Redis 7.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example What is published reaches all who are there
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { publisher, subscriber } from "@beat/beat/transport";
 * import { redisPubSub } from "@beat/redis";
 *
 * const redis = redisPubSub({ url: "redis://127.0.0.1:6379" });
 * const prices = await subscriber(redis).subscribe("prices");
 * await publisher(redis).publish("prices", new Message("42"));
 * ```
 */
export function redisPubSub(options: RedisServerOptions): RedisPubSub {
  const { client, prefix, timeout, maxPayload } = planPubSub(options);
  const server = new Server(client, timeout);
  return {
    name: "redis-pubsub",
    traits: TRAITS,

    source({ topic }: SourceSpec, host: Host): Promise<Source> {
      const action = `subscribe to '${topic}'`;
      return server.connect(action, (reader, connection) => {
        checkTopic(action, topic);
        const block = Math.min(BLOCK, Math.ceil(timeout / 2));
        return openChannel({ topic, channel: prefix + topic, connection, reader, host, block });
      });
    },

    sink(): Sink {
      return pipelineSink({
        connection: server.connection,
        maxPayload,
        // deno-lint-ignore require-await -- What it throws must be a rejection.
        async writerOf(topic) {
          checkTopic("publish", topic);
          return (rec) => ["publish", prefix + topic, writeEnvelope(rec)];
        },
      });
    },

    health: (given) => server.health(given),
    onConnection: (listener) => server.news.onConnection(listener),
    close: () => server.close(),
  };
}
