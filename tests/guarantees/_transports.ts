import { forSync } from "@beat/beat";
import { localTransport } from "@beat/beat/local";
import { MemoryBroker } from "@beat/beat/memory";
import type { Transport } from "@beat/beat/transport";
import { DatabaseSync } from "node:sqlite";
import { webhookTransport } from "../../adapters/http/mod.ts";
import { kafkaTransport } from "../../adapters/kafka/mod.ts";
import { natsCore, natsTransport } from "../../adapters/nats/mod.ts";
import { redisPubSub, redisTransport } from "../../adapters/redis/mod.ts";
import { fromSqlite, sqlTransport } from "../../adapters/sql/mod.ts";

/** Where nobody is: none of these connects before it is used. */
const NOWHERE = "127.0.0.1:1";
const PARTITIONS = 4;

/** Makes a transport; with partitions it may be able to do more. */
type Make = (options: { partitions?: number }) => Transport;

/** All transports that there are, by what they are called in documents. */
export const TRANSPORTS: Record<string, Make> = {
  memory: () => new MemoryBroker(),
  local: () => localTransport(forSync()),
  http: () => webhookTransport({ url: "https://hooks.example.com", unsigned: true }),
  "Redis Streams": (options) => redisTransport({ url: `redis://${NOWHERE}`, ...options }),
  "Redis Pub/Sub": () => redisPubSub({ url: `redis://${NOWHERE}` }),
  JetStream: (options) => natsTransport({ servers: `nats://${NOWHERE}`, ...options }),
  "core NATS": () => natsCore({ servers: `nats://${NOWHERE}` }),
  Kafka: () => kafkaTransport({ brokers: NOWHERE }),
  SQL: () => sqlTransport({ connection: fromSqlite(new DatabaseSync(":memory:")) }),
};

/** What a transport says of itself. */
export interface Facts {
  readonly transport: Transport;
  /** Among whom it keeps the order of a key in a topic with partitions. */
  readonly inPartitions: Transport["traits"]["keyOrder"];
}

/** Asks transports what they can do. */
export async function askAll(): Promise<Map<string, Facts>> {
  const found = new Map<string, Facts>();
  for (const [name, make] of Object.entries(TRANSPORTS)) {
    const transport = make({});
    const inPartitions = make({ partitions: PARTITIONS });
    found.set(name, { transport, inPartitions: inPartitions.traits.keyOrder });
    await Promise.all([transport.close(), inPartitions.close()]);
  }
  return found;
}
