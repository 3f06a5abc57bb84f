import process from "node:process";
import { MemoryBroker } from "@beat/beat/memory";
import type { TopicAdmin, TopicConfig, Transport } from "@beat/beat/transport";
import { findServer } from "./servers.ts";
import { type Topics, topicsUnder } from "./topics.ts";

/** A broker for the flow, with its topics made. */
export interface OpenBroker {
  readonly name: string;
  readonly transport: Transport;
  readonly topics: Topics;
  /** Milliseconds without a letter after which a replay is at its end. */
  readonly idle: number;
  /** Removes the topics, and leaves the broker. */
  close(): Promise<void>;
}

/** A transport that can make topics, and how to let go of it. */
interface Connected {
  readonly transport: Transport & { readonly admin: TopicAdmin };
  readonly config: TopicConfig;
  close(): Promise<void>;
}

/** The events of a repository are in one of four partitions; a database needs none for their order. */
const PARTITIONED: TopicConfig = { partitions: 4 };

/** Imported when they are asked for: the demo needs no client of a broker that it does not use. */
const CONNECT: Readonly<Record<string, (url: string) => Promise<Connected>>> = {
  async redis(url) {
    const { redisTransport } = await load<typeof import("@beat/redis")>("@beat/redis");
    const transport = redisTransport({ url, ...PARTITIONED });
    return { transport, config: PARTITIONED, close: () => transport.close() };
  },
  async nats(url) {
    const { natsTransport } = await load<typeof import("@beat/nats")>("@beat/nats");
    const transport = natsTransport({ servers: url, ...PARTITIONED });
    return { transport, config: PARTITIONED, close: () => transport.close() };
  },
  async kafka(url) {
    const { kafkaTransport } = await load<typeof import("@beat/kafka")>("@beat/kafka");
    const transport = kafkaTransport({ brokers: url });
    return { transport, config: PARTITIONED, close: () => transport.close() };
  },
  async postgres(url) {
    const { fromPostgres, migrate, sqlTransport } = await load<typeof import("@beat/sql")>(
      "@beat/sql",
    );
    const { default: postgres } = await load<{ default: typeof import("postgres") }>("postgres");
    const pool = postgres(url, { onnotice: () => {} });
    const connection = fromPostgres(pool);
    await migrate(connection);
    const transport = sqlTransport({ connection });
    const close = async () => {
      await transport.close();
      await pool.end({ timeout: 1 });
    };
    return { transport, config: {}, close };
  },
};

/** What `--broker` takes. */
export const BROKERS: readonly string[] = ["memory", ...Object.keys(CONNECT)];

/**
 * Opens a broker: the one in this process, or a server, which is started if nobody says where it is.
 *
 * @throws {MissingServerError} If there is no server, and it cannot be started.
 */
export async function openBroker(name: string): Promise<OpenBroker> {
  const connect = CONNECT[name];
  if (connect === undefined) return openMemory();
  const server = await findServer(name);
  const { transport, config, close } = await connect(server.url);
  const topics = topicsUnder(`github-${process.pid}-${Date.now().toString(36)}`);
  const all = Object.values<string>({ ...topics });
  for (const topic of all) await transport.admin.create(topic, config);
  return {
    name,
    transport,
    topics,
    idle: 2_000,
    async close() {
      for (const topic of all) await transport.admin.remove(topic);
      await close();
      await server.stop();
    },
  };
}

function openMemory(): OpenBroker {
  const transport = new MemoryBroker();
  const topics = topicsUnder("github");
  return { name: "memory", transport, topics, idle: 100, close: () => transport.close() };
}

function load<T>(specifier: string): Promise<T> {
  return import(specifier);
}
