import { exists, readText } from "./_files.ts";

/** What a transport consists of; what else it has is an idea of its own, in a file of its own. */
export interface Parts {
  /** A member of a group and a reader are two. */
  readonly sources: readonly string[];
  readonly sink: string;
  readonly admin?: string;
}

/** Lines that the sources, the sink and the admin of a transport have together at most. */
const LIMIT = 250;

const TRANSPORTS: Record<string, Parts> = {
  "Redis Streams": {
    sources: ["redis/group_source.ts", "redis/reader_source.ts"],
    sink: "redis/pipeline_sink.ts",
    admin: "redis/stream_admin.ts",
  },
  "Redis Pub/Sub": { sources: ["redis/channel_source.ts"], sink: "redis/pipeline_sink.ts" },
  JetStream: {
    sources: ["nats/group_source.ts", "nats/reader_source.ts"],
    sink: "nats/jetstream_sink.ts",
    admin: "nats/stream_admin.ts",
  },
  "core NATS": { sources: ["nats/core_source.ts"], sink: "nats/core_sink.ts" },
  Kafka: {
    sources: ["kafka/group_source.ts", "kafka/reader_source.ts"],
    sink: "kafka/producer_sink.ts",
    admin: "kafka/topic_admin.ts",
  },
  SQL: {
    sources: ["sql/group_source.ts", "sql/reader_source.ts"],
    sink: "sql/sink.ts",
    admin: "sql/admin.ts",
  },
};

/** How many lines the transports have, by their names. */
export function measureAdapters(): Map<string, number> {
  return new Map(
    Object.entries(TRANSPORTS).map(([name, parts]) => [
      name,
      filesOf(parts).reduce((sum, file) => sum + countCode(readText(file)), 0),
    ]),
  );
}

/** Transports that do more than fetch, ack and send. */
export function findThickAdapters(): string[] {
  const gone = Object.values(TRANSPORTS).flatMap(filesOf).filter((file) => !exists(file));
  if (gone.length > 0) return gone.map((file) => `${file} is counted, and is not there`);
  return [...measureAdapters()].filter(([, lines]) => lines > LIMIT).map(([name, lines]) =>
    `${name}: sources, sink and admin have ${lines} lines of code, ${LIMIT} are the most`
  );
}

function filesOf({ sources, sink, admin }: Parts): string[] {
  return [...sources, sink, ...admin === undefined ? [] : [admin]].map((file) =>
    `adapters/${file}`
  );
}

/** Lines of code: neither blank nor comments nor imports. */
export function countCode(text: string): number {
  const code = text
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/^import [^]*?;$/gm, "")
    .replace(/^\s*\/\/.*$/gm, "");
  return code.split("\n").filter((line) => line.trim() !== "").length;
}
