/**
 * The brokers of the questions. Their clients are loaded by the process that measures them only.
 *
 * @module
 */
import process from "node:process";

/** A broker in one mode of durability. */
export type BrokerName =
  | "redis"
  | "nats-default"
  | "nats"
  | "kafka"
  | "postgres"
  | "mariadb"
  | "sqlite";

/** What is known of it without a connection. */
export interface BrokerFacts {
  /** How its tables are headed: with the mode of durability. */
  readonly title: string;
  /** The server that it needs, by the name that `deno task services` knows. */
  readonly server?: string;
  /** Messages that a second of measurement gets to consume. */
  readonly supply: number;
}

/** The package of BullMQ: parts of what it depends on are not in every registry. */
export const BULLMQ = "bullmq@5.81.5";

/** By name, in the order of the tables. */
export const BROKERS: Readonly<Record<BrokerName, BrokerFacts>> = {
  redis: { title: "Redis, appendfsync always", server: "redis", supply: 200_000 },
  "nats-default": {
    title: "JetStream, default sync_interval",
    server: "nats-default",
    supply: 100_000,
  },
  nats: { title: "JetStream, sync_interval always", server: "nats", supply: 50_000 },
  kafka: { title: "Kafka, one broker, acks all", server: "kafka", supply: 400_000 },
  postgres: { title: "PostgreSQL, synchronous_commit on", server: "postgres", supply: 20_000 },
  mariadb: { title: "MariaDB, flush at each commit", server: "mariadb", supply: 10_000 },
  sqlite: { title: "SQLite in a file, synchronous FULL", supply: 40_000 },
};

/** Where a broker is, as `deno task services` tells it. */
export function urlOf(name: BrokerName): string {
  const variable = `BEAT_${name.toUpperCase().replace("-", "_")}_URL`;
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} must tell where the server is`);
  return url;
}

/** A topic that nobody else has. */
export function newTopic(): string {
  return `bench-${process.pid}-${Date.now().toString(36)}`;
}
