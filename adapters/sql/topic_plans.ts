import type { Plan, SqlDialect } from "./contracts.ts";
import { EVERY_TOPIC, queueOf, type Tables } from "./tables.ts";

/** Topics with what they keep: milliseconds, by their names. */
export type Retentions = ReadonlyMap<string, number>;

/** Creates a topic, unless it was created. */
export function* createTopic(
  dialect: SqlDialect,
  { topics }: Tables,
  { topic, retentionMs }: { topic: string; retentionMs: number },
): Plan<"created" | "exists"> {
  const token = crypto.randomUUID();
  // Who inserts the row finds its own token in it, however many do so at the same time.
  const insert = dialect.ensure(topics, "topic", ["topic", "maker", "retention_ms"]);
  yield [insert, [topic, token, finite(retentionMs)]];
  const [row] = yield [`SELECT maker FROM ${topics} WHERE topic = ?`, [topic]];
  return row!.maker === token ? "created" : "exists";
}

/** Changes how long the messages of a topic are kept, if it was created. */
export function* keepFor({ topics }: Tables, topic: string, retentionMs: number): Plan<void> {
  const values = [finite(retentionMs), topic];
  yield [`UPDATE ${topics} SET retention_ms = ? WHERE topic = ?`, values];
}

/** The topics that were created or are in use, or one of them. */
export function* findTopics(
  { topics, messages, groups }: Tables,
  topic?: string,
): Plan<Retentions> {
  const only = topic === undefined ? "" : " AND topic = ?";
  const tables = [topics, messages, groups];
  const used = tables.map((table) => `SELECT topic FROM ${table} WHERE topic <> ?${only}`);
  const rows = yield [
    `SELECT u.topic, t.retention_ms FROM (${used.join(" UNION ")}) u
    LEFT JOIN ${topics} t ON t.topic = u.topic ORDER BY u.topic`,
    tables.flatMap(() => topic === undefined ? [EVERY_TOPIC] : [EVERY_TOPIC, topic]),
  ];
  return new Map(rows.map((row) => [row.topic as string, Number(row.retention_ms ?? Infinity)]));
}

/** Removes a topic with its messages and groups; false if there was none. */
export function* removeTopic(dialect: SqlDialect, tables: Tables, topic: string): Plan<boolean> {
  if ((yield* findTopics(tables, topic)).size === 0) return false;
  const { topics, messages, deliveries } = tables;
  const seqs = `SELECT seq FROM ${messages} WHERE topic = ?`;
  yield [`DELETE FROM ${deliveries} WHERE seq IN (${seqs})`, [topic]];
  for (const table of [...dialect.groupTables(tables), messages, topics]) {
    yield [`DELETE FROM ${table} WHERE topic = ?`, [topic]];
  }
  return true;
}

/** Removes a group with what it has not settled; false if there was none. */
export function* removeGroup(
  dialect: SqlDialect,
  tables: Tables,
  { topic, group }: { topic: string; group: string },
): Plan<boolean> {
  const queue = queueOf(topic, group);
  const rows = yield [`SELECT queue FROM ${tables.groups} WHERE queue = ?`, [queue]];
  for (const table of [...dialect.groupTables(tables), tables.deliveries]) {
    yield [`DELETE FROM ${table} WHERE queue = ?`, [queue]];
  }
  return rows.length > 0;
}

function finite(limit: number): number | null {
  return limit === Infinity ? null : Math.ceil(limit);
}
