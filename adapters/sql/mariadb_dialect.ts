import type { SqlDialect } from "./contracts.ts";
import { begin, catchUp, join, type NumberedLog, read } from "./numbered_log.ts";
import { bury, claim, transfer } from "./queue_plans.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** The clock, and not the start of the statement. */
const NOW = "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)";
/** In a DEFAULT, where the clock is not let in. */
const STATEMENT_TIME = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

/** A lower number may be committed later: a shared lock waits for those that are on their way. */
const LOG: NumberedLog = {
  insertIgnore: "INSERT IGNORE",
  // A second; who waits holds a connection, and comes again.
  impatiently: "SET STATEMENT innodb_lock_wait_timeout = 1 FOR ",
  lockInShareMode: " LOCK IN SHARE MODE",
  forUpdate: " FOR UPDATE",
};

/** Lock wait timeout, deadlock. */
const BUSY = [1205, 1213];

/** The server shuts down, or has closed the connection. */
const ENDING = [1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927];

/** Text is compared byte by byte, trailing spaces included. */
const OPTIONS = "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";

/** MariaDB 10.6 and later. */
export const mariadb: SqlDialect = {
  name: "mariadb",
  // As the isolation that sessions begin with locks gaps, into which others want to publish.
  isWrapped: true,
  isConcise: false,
  now: NOW,
  skipLocked: " FOR UPDATE SKIP LOCKED",
  forUpdate: " FOR UPDATE",
  // A snapshot that is made now may still be without what a lock was just given for.
  upToDate: " LOCK IN SHARE MODE",
  // INSERT IGNORE would share a lock on the row that is there, and wait for itself in another's hands.
  ensure: (table, key, columns) =>
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON DUPLICATE KEY UPDATE ${key} = ${table}.${key}`,
  groupTables: ({ groups, catchUps }) => [groups, catchUps],
  schema,
  join: (tables, queue, topic, from) => join(LOG, tables, queue, topic, from),
  catchUp: (tables, queue) => catchUp(LOG, tables, queue),
  claim,
  transfer,
  bury,
  begin: (tables, _topic, from) => begin(tables, from),
  read: (tables, topic, position, limit) => read(LOG, tables, topic, position, limit),
  isBusy: (error) => BUSY.includes(numberOf(error)),
  isRefusal: (error) => {
    const number = numberOf(error);
    return number >= 1000 && number < 2000 && !ENDING.includes(number);
  },
};

function numberOf(error: unknown): number {
  const { errno } = Object(error) as { errno?: unknown };
  return typeof errno === "number" ? errno : 0;
}

function schema(tables: Tables): string[] {
  const { messages, groups, catchUps, deliveries, topics, marks, fanOut } = tables;
  return [
    `CREATE TABLE IF NOT EXISTS ${messages} (
      seq BIGINT AUTO_INCREMENT PRIMARY KEY,
      topic VARCHAR(200) NOT NULL,
      id TEXT NOT NULL DEFAULT '',
      message_key TEXT NOT NULL DEFAULT '',
      headers MEDIUMTEXT NOT NULL DEFAULT '[]',
      payload LONGBLOB,
      time BIGINT NOT NULL DEFAULT (${STATEMENT_TIME}),
      published_at BIGINT NOT NULL DEFAULT (${STATEMENT_TIME}),
      INDEX by_topic (topic, seq)) ${OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${groups} (
      queue VARCHAR(500) NOT NULL,
      topic VARCHAR(200) NOT NULL,
      PRIMARY KEY (queue, topic)) ${OPTIONS}`,
    // Apart from the groups, which publishers have locked: who catches up waits for publishers.
    `CREATE TABLE IF NOT EXISTS ${catchUps} (
      queue VARCHAR(500) NOT NULL,
      topic VARCHAR(200) NOT NULL,
      since BIGINT,
      PRIMARY KEY (queue, topic)) ${OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${deliveries} (
      queue VARCHAR(500) NOT NULL,
      seq BIGINT NOT NULL,
      message_key TEXT NOT NULL,
      visible_at BIGINT NOT NULL DEFAULT 0,
      attempts INT NOT NULL DEFAULT 0,
      lease VARCHAR(64),
      dead_at BIGINT,
      dead_reason TEXT,
      PRIMARY KEY (queue, seq),
      INDEX by_key (queue, message_key(64), seq),
      INDEX by_seq (seq)) ${OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${topics} (
      topic VARCHAR(200) PRIMARY KEY,
      maker VARCHAR(64) NOT NULL,
      retention_ms BIGINT) ${OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${marks} (
      mark VARCHAR(700) PRIMARY KEY,
      token BIGINT NOT NULL,
      done INT NOT NULL,
      until BIGINT NOT NULL) ${OPTIONS}`,
    // Locked, each row of a statement sees the groups as they are then: unlocked, as when it began.
    `CREATE OR REPLACE TRIGGER ${fanOut} AFTER INSERT ON ${messages} FOR EACH ROW
      INSERT INTO ${deliveries} (queue, seq, message_key)
      SELECT DISTINCT queue, NEW.seq, NEW.message_key FROM ${groups}
      WHERE topic IN (NEW.topic, '${EVERY_TOPIC}') LOCK IN SHARE MODE`,
  ];
}
