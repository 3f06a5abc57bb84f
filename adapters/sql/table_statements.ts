import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** What a database calls what its tables are made of. */
export interface TableParts {
  /** The key of messages, a number that each row gets when it is written. */
  readonly serial: string;
  /** Text that is part of a key, of so many characters. */
  readonly name: (length: number) => string;
  /** Text of any length. */
  readonly text: string;
  readonly bytes: string;
  readonly int64: string;
  readonly int32: string;
  /** Milliseconds since 1970, where a column has them as its DEFAULT. */
  readonly now: string;
  /** What an index has of a text of any length. */
  readonly indexed: (column: string) => string;
  /** Columns of messages and groups that no other database has. */
  readonly own?: { readonly messages: readonly string[]; readonly groups: readonly string[] };
  /** Indexes that no other database has. */
  readonly indexes?: (tables: Tables) => readonly string[];
  /** What the messages of a topic are sorted by. */
  readonly order: string;
  /** What ends the statement that makes a table: messages, deliveries, and all others. */
  readonly options: { readonly log: string; readonly queue: string; readonly other: string };
}

/** The statements that make the tables which every database has. */
export function tableStatements(parts: TableParts, tables: Tables): string[] {
  const { serial, name, text, bytes, int64, int32, now, own, order, options } = parts;
  const { messages, groups, deliveries, topics, marks } = tables;
  return [
    table(messages, options.log, [
      `seq ${serial}`,
      `topic ${name(200)} NOT NULL`,
      `id ${text} NOT NULL DEFAULT ''`,
      `message_key ${text} NOT NULL DEFAULT ''`,
      `headers ${text} NOT NULL DEFAULT '[]'`,
      `payload ${bytes}`,
      `time ${int64} NOT NULL DEFAULT (${now})`,
      `published_at ${int64} NOT NULL DEFAULT (${now})`,
      ...own?.messages ?? [],
    ]),
    index(messages, "topic", `topic, ${order}`),
    table(groups, options.other, [
      `queue ${name(500)} NOT NULL`,
      `topic ${name(200)} NOT NULL`,
      ...own?.groups ?? [],
      "PRIMARY KEY (queue, topic)",
    ]),
    table(deliveries, options.queue, [
      `queue ${name(500)} NOT NULL`,
      `seq ${int64} NOT NULL`,
      `message_key ${text} NOT NULL`,
      `visible_at ${int64} NOT NULL DEFAULT 0`,
      `attempts ${int32} NOT NULL DEFAULT 0`,
      `lease ${name(64)}`,
      `dead_at ${int64}`,
      `dead_reason ${text}`,
      "PRIMARY KEY (queue, seq)",
    ]),
    index(deliveries, "key", `queue, ${parts.indexed("message_key")}, seq`),
    index(deliveries, "seq", "seq"),
    ...parts.indexes?.(tables) ?? [],
    table(topics, options.other, [
      `topic ${name(200)} PRIMARY KEY`,
      `maker ${name(64)} NOT NULL`,
      `retention_ms ${int64}`,
    ]),
    table(marks, options.other, [
      `mark ${name(LONGEST_MARK)} PRIMARY KEY`,
      `token ${int64} NOT NULL`,
      `done ${int32} NOT NULL`,
      `until ${int64} NOT NULL`,
    ]),
  ];
}

/** Characters of a mark at most: an index of MariaDB takes no more. */
export const LONGEST_MARK = 700;

/** The statement that makes a table. */
export function table(name: string, options: string, columns: readonly string[]): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (\n  ${columns.join(",\n  ")})${options}`;
}

/** The statement of a trigger that puts a message into the queues of its topic. */
export function fanOut({ groups, deliveries }: Tables, message: string, from = ""): string {
  return `INSERT INTO ${deliveries} (queue, seq, message_key)
    SELECT DISTINCT g.queue, ${message}.seq, ${message}.message_key FROM ${from}${groups} g
    WHERE g.topic IN (${message}.topic, '${EVERY_TOPIC}')`;
}

/** The statement that makes an index. */
export function index(on: string, name: string, columns: string): string {
  return `CREATE INDEX IF NOT EXISTS ${on}_by_${name} ON ${on} (${columns})`;
}

/** Inserts a row, unless there is one with its key. */
export function ensureByConflict(table: string, key: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT (${key}) DO NOTHING`;
}
