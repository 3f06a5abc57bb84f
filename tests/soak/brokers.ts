import type { TopicAdmin, TopicConfig, Transport } from "@beat/beat/transport";
import { kafkaTransport } from "@beat/kafka";
import { natsTransport } from "@beat/nats";
import { redisTransport } from "@beat/redis";
import { fromMysql, fromPostgres, migrate, type SqlConnection, sqlTransport } from "@beat/sql";
import { createConnection, createPool } from "mysql2/promise";
import postgres from "postgres";

/** A transport for the soak, and how to let go of it. */
export interface Connected {
  readonly transport: Transport & { readonly admin: TopicAdmin };
  /** How its topic is made, so that the order of keys holds among all members. */
  readonly config: TopicConfig;
  /** Milliseconds between two messages of a key: what its members can keep up with. */
  readonly pace: number;
  /** Messages that one fault can make come again. */
  readonly held: number;
  close(): Promise<void>;
}

/** Milliseconds after which what a dead member had goes to another. */
const LEASE = 3_000;
/** Milliseconds after which a server that does not answer is given up. */
const TIMEOUT = 2_000;
const PARTITIONS = 6;
/** Consumers, and what each of them may have in its hands. */
export const MEMBERS = 3;
export const PREFETCH = 32;
const HELD = MEMBERS * PREFETCH;
/** Bytes that Kafka's members fetch of a partition at once, and those of a record at least. */
const FETCHED = 16_384;
const SMALLEST = 128;

/** Opens a connection to each kind of broker. */
const CONNECT: Readonly<Record<string, (url: string) => Promise<Connected> | Connected>> = {
  redis(url) {
    const transport = redisTransport({
      url,
      lease: LEASE,
      timeout: TIMEOUT,
      partitions: PARTITIONS,
    });
    return {
      transport,
      config: { partitions: PARTITIONS },
      pace: 20,
      held: HELD,
      close: () => transport.close(),
    };
  },
  nats(servers) {
    const transport = natsTransport({
      servers,
      lease: LEASE,
      timeout: TIMEOUT,
      partitions: PARTITIONS,
    });
    return {
      transport,
      config: { partitions: PARTITIONS },
      pace: 60,
      held: HELD,
      close: () => transport.close(),
    };
  },
  kafka(brokers) {
    const transport = kafkaTransport({
      ...{ brokers, timeout: TIMEOUT, sessionTimeout: 6_000 },
      maxBytes: FETCHED,
    });
    return {
      transport,
      config: { partitions: PARTITIONS },
      pace: 20,
      // What was fetched is handled while the broker is away, and no position is committed then.
      held: HELD + PARTITIONS * FETCHED / SMALLEST,
      close: () => transport.close(),
    };
  },
  async postgres(url) {
    const pool = postgres(url, { onnotice: () => {}, backoff: () => 0.1, connect_timeout: 2 });
    return await connectSql(fromPostgres(pool), () => pool.end({ timeout: 1 }));
  },
  async mariadb(url) {
    // The database that a server begins with is its own, and takes no triggers.
    const own = new URL(url);
    own.pathname = "beat_soak";
    await createDatabase(url, "beat_soak");
    const pool = createPool({ uri: own.href, connectTimeout: TIMEOUT });
    return await connectSql(fromMysql(pool), () => pool.end());
  },
};

async function connectSql(connection: SqlConnection, end: () => Promise<void>): Promise<Connected> {
  await migrate(connection);
  const transport = sqlTransport({ connection, lease: LEASE, timeout: TIMEOUT });
  const close = async () => {
    await transport.close();
    await end();
  };
  return { transport, config: {}, pace: 250, held: HELD, close };
}

async function createDatabase(url: string, name: string): Promise<void> {
  const first = await createConnection(url);
  await first.query(`CREATE DATABASE IF NOT EXISTS ${name}`);
  await first.end();
}

/** The brokers that there is a soak for. */
export const BROKERS: readonly string[] = Object.keys(CONNECT);

/** Whether clients stay on the address that they are given; Kafka's go where the broker says it is. */
export function isProxied(name: string): boolean {
  return name !== "kafka";
}

/** Connects to a broker. */
export async function connect(name: string, url: string): Promise<Connected> {
  return await CONNECT[name]!(url);
}
