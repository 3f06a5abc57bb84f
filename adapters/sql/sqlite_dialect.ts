import type { SqlDialect } from "./contracts.ts";
import { begin, catchUp, join, type NumberedLog, read } from "./numbered_log.ts";
import { bury, claim, transfer } from "./queue_plans.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** One transaction writes at a time: what has a higher number was committed later. */
const LOG: NumberedLog = {
  insertIgnore: "INSERT OR IGNORE",
  impatiently: "",
  lockInShareMode: "",
  forUpdate: "",
};

/** Result codes of SQLite: somebody else writes, or has a table locked. */
const BUSY = [5, 6];

/** SQLite 3.42 and later. */
export const sqlite: SqlDialect = {
  name: "sqlite",
  isWrapped: true,
  isConcise: false,
  now: NOW,
  skipLocked: "",
  forUpdate: "",
  upToDate: "",
  ensure: (table, key, columns) =>
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT (${key}) DO NOTHING`,
  groupTables: ({ groups, catchUps }) => [groups, catchUps],
  schema,
  join: (tables, queue, topic, from) => join(LOG, tables, queue, topic, from),
  catchUp: (tables, queue) => catchUp(LOG, tables, queue),
  claim,
  transfer,
  bury,
  begin: (tables, _topic, from) => begin(tables, from),
  read: (tables, topic, position, limit) => read(LOG, tables, topic, position, limit),
  isBusy: (error) => BUSY.includes(codeOf(error)) || /within a transaction/.test(String(error)),
  isRefusal: () => true,
};

/** `errcode` of Node and Deno, `errno` of Bun; extended codes have the code in their last byte. */
function codeOf(error: unknown): number {
  const { errcode, errno } = Object(error) as { errcode?: unknown; errno?: unknown };
  const code = typeof errcode === "number" ? errcode : errno;
  return typeof code === "number" ? code & 0xff : 0;
}

function schema(tables: Tables): string[] {
  const { messages, groups, catchUps, deliveries, topics, marks, fanOut } = tables;
  return [
    // No number is given twice, not even that of a row which is gone.
    `CREATE TABLE IF NOT EXISTS ${messages} (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      topic TEXT NOT NULL,
      id TEXT NOT NULL DEFAULT '',
      message_key TEXT NOT NULL DEFAULT '',
      headers TEXT NOT NULL DEFAULT '[]',
      payload BLOB,
      time INTEGER NOT NULL DEFAULT (${NOW}),
      published_at INTEGER NOT NULL DEFAULT (${NOW}))`,
    `CREATE INDEX IF NOT EXISTS ${messages}_by_topic ON ${messages} (topic, seq)`,
    `CREATE TABLE IF NOT EXISTS ${groups} (
      queue TEXT NOT NULL,
      topic TEXT NOT NULL,
      PRIMARY KEY (queue, topic)) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS ${catchUps} (
      queue TEXT NOT NULL,
      topic TEXT NOT NULL,
      since INTEGER,
      PRIMARY KEY (queue, topic)) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS ${deliveries} (
      queue TEXT NOT NULL,
      seq INTEGER NOT NULL,
      message_key TEXT NOT NULL,
      visible_at INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0,
      lease TEXT,
      dead_at INTEGER,
      dead_reason TEXT,
      PRIMARY KEY (queue, seq)) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${deliveries}_by_key ON ${deliveries} (queue, message_key, seq)`,
    `CREATE INDEX IF NOT EXISTS ${deliveries}_by_seq ON ${deliveries} (seq)`,
    `CREATE TABLE IF NOT EXISTS ${topics} (
      topic TEXT PRIMARY KEY,
      maker TEXT NOT NULL,
      retention_ms INTEGER) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS ${marks} (
      mark TEXT PRIMARY KEY,
      token INTEGER NOT NULL,
      done INTEGER NOT NULL,
      until INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TRIGGER IF NOT EXISTS ${fanOut} AFTER INSERT ON ${messages} BEGIN
      INSERT INTO ${deliveries} (queue, seq, message_key)
      SELECT DISTINCT queue, NEW.seq, NEW.message_key FROM ${groups}
      WHERE topic IN (NEW.topic, '${EVERY_TOPIC}');
    END`,
  ];
}
