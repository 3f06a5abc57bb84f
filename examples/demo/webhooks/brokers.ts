import process from "node:process";
import { MemoryBroker } from "@beat/beat/memory";
import type { TopicAdmin, TopicConfig, Transport } from "@beat/beat/transport";
import type { SqlConnection } from "@beat/sql";
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

/** Where the tables are on MariaDB. */
const DATABASE = "beat_demo";

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
    const { default: postgres } = await load<{ default: typeof import("postgres") }>("postgres");
    const { fromPostgres } = await loadSql();
    const pool = postgres(url, { onnotice: () => {} });
    return await connectSql(fromPostgres(pool), () => pool.end({ timeout: 1 }));
  },
  async mariadb(url) {
    const { createPool } = await load<typeof import("mysql2/promise")>("mysql2/promise");
    const { fromMysql } = await loadSql();
    // The database that a server begins with is its own, and takes no triggers.
    const first = createPool({ uri: url });
    await first.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
    await first.end();
    const own = new URL(url);
    own.pathname = DATABASE;
    const pool = createPool({ uri: own.href });
    return await connectSql(fromMysql(pool), () => pool.end());
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

async function connectSql(connection: SqlConnection, end: () => Promise<void>): Promise<Connected> {
  const { migrate, sqlTransport } = await loadSql();
  await migrate(connection);
  const transport = sqlTransport({ connection });
  const close = async () => {
    await transport.close();
    await end();
  };
  return { transport, config: {}, close };
}

function loadSql(): Promise<typeof import("@beat/sql")> {
  return load("@beat/sql");
}

function openMemory(): OpenBroker {
  const transport = new MemoryBroker();
  const topics = topicsUnder("github");
  return { name: "memory", transport, topics, idle: 100, close: () => transport.close() };
}

function load<T>(specifier: string): Promise<T> {
  return import(specifier);
}
