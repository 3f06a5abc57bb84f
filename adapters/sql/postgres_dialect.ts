import type {
  Passed,
  Piece,
  Plan,
  Position,
  Queue,
  SqlDialect,
  SqlRow,
  SqlValue,
  Stretch,
  Ticket,
} from "./contracts.ts";
import type { Rec, StartPosition } from "@beat/beat/message";
import { Buffer } from "node:buffer";
import { sinceOf } from "./numbered_dialect.ts";
import { type Claimed, dueOf, isDue, present, whereOurs } from "./queue_plans.ts";
import { COLUMNS, CONTENT, insertion, valuesOf } from "./record.ts";
import { ensureByConflict, fanOut, type TableParts, tableStatements } from "./table_statements.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** The clock, and not the start of the transaction. */
const NOW = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)";

/** The largest transaction there is: one that never comes. */
const NEVER = "18446744073709551615";

/** The smallest transaction that a user can have had. */
const OLDEST = "3";

/** A snapshot in which nothing is visible yet. */
const NOTHING = "1:1:";

/** Later than all times of messages, and within a bigint. */
const END_OF_TIME = 9_007_199_254_740_991;

/**
 * What commits without waiting for the disk: a claim that a crash of the server undoes is one that nobody
 * has any more. A query of its own is executed once, and not for each row.
 */
const UNHURRIED = "(SELECT set_config('synchronous_commit', 'off', true)) = 'off'";

/** Serialization failure, deadlock, lock not available. */
const BUSY = ["40001", "40P01", "55P03"];

const PARTS: TableParts = {
  serial: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  name: () => "text",
  text: "text",
  bytes: "bytea",
  int64: "bigint",
  int32: "integer",
  now: NOW,
  indexed: (column) => column,
  own: {
    messages: ["xid xid8 NOT NULL DEFAULT pg_current_xact_id()"],
    groups: ["since bigint NOT NULL", "base pg_snapshot", "barrier xid8"],
  },
  order: "xid, seq",
  // Rows are updated at each claim: room on their page keeps that away from the indexes.
  options: { log: "", queue: " WITH (fillfactor = 70)", other: "" },
};

/** PostgreSQL 14 and later. */
export const postgres: SqlDialect = {
  name: "postgres",
  isWrapped: false,
  isConcise: true,
  now: NOW,
  forUpdate: " FOR UPDATE",
  upToDate: "",
  rows: (rows) => rows.length === 1 ? valuesOf(rows) : unnested(rows),
  among: (column, numbers) => [`${column} = ANY(CAST(? AS bigint[]))`, [arrayOf(numbers)]],
  ensure: ensureByConflict,
  groupTables: ({ groups }) => [groups],
  schema,
  join,
  catchUp,
  isDue,
  claim,
  settle,
  transfer,
  bury,
  begin,
  read,
  unread,
  isBusy: (error) => BUSY.includes(codeOf(error)),
  // Five characters are the server's; class 08 and 57P are those of a connection that ends.
  isRefusal: (error) => /^(?!08|57P)[0-9A-Z]{5}$/.test(codeOf(error)),
};

/** As many values as there are columns, however many rows: a statement is the same for all sizes. */
function unnested(rows: readonly (readonly SqlValue[])[]): Piece {
  const arrays = TYPES.map((_, column) => `{${rows.map((row) => element(row[column]!)).join()}}`);
  const casts = TYPES.map((type) => `CAST(? AS ${type}[])`).join(", ");
  return [`SELECT * FROM unnest(${casts})`, arrays];
}

/** The types of what {@linkcode insertion} writes. */
const TYPES = ["text", "text", "text", "text", "bytea", "bigint"];

/** A value as it stands in an array. */
function element(value: SqlValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  if (value === null) return "NULL";
  return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`;
}

/** Numbers as one value. */
function arrayOf(numbers: readonly number[]): string {
  return `{${numbers.join()}}`;
}

function codeOf(error: unknown): string {
  return String((Object(error) as { code?: unknown }).code ?? "");
}

/**
 * A publishing that saw no group has taken its transaction's number before `barrier`, which is taken
 * when the group can be seen: triggers look at the groups after that. When all transactions before the
 * barrier have ended, what the group has missed is known.
 */
function* join(
  { groups }: Tables,
  queue: string,
  topic: string,
  from: StartPosition,
): Plan<void> {
  yield [
    `INSERT INTO ${groups} (queue, topic, since, base, barrier)
    VALUES (?, ?, ?, pg_current_snapshot(), '${NEVER}') ON CONFLICT DO NOTHING`,
    [queue, topic, sinceOf(from) ?? END_OF_TIME],
  ];
  yield [
    `UPDATE ${groups} SET barrier = pg_current_xact_id()
    WHERE queue = ? AND topic = ? AND barrier = '${NEVER}'`,
    [queue, topic],
  ];
}

function* catchUp({ groups, messages, deliveries }: Tables, queue: string): Plan<boolean> {
  const [row] = yield [
    `WITH ready AS (
      SELECT queue, topic, since, base, barrier FROM ${groups}
      WHERE queue = ? AND barrier < pg_snapshot_xmin(pg_current_snapshot()) FOR UPDATE
    ), opened AS (
      UPDATE ${groups} g SET barrier = NULL, base = NULL FROM ready r
      WHERE g.queue = r.queue AND g.topic = r.topic
    ), filled AS (
      INSERT INTO ${deliveries} (queue, seq, message_key)
      SELECT DISTINCT r.queue, m.seq, m.message_key FROM ready r
      JOIN ${messages} m ON r.topic IN (m.topic, '${EVERY_TOPIC}')
      WHERE m.xid < r.barrier
        AND (m.published_at >= r.since OR NOT pg_visible_in_snapshot(m.xid, r.base))
      ON CONFLICT DO NOTHING
    )
    SELECT COUNT(*) AS pending FROM ${groups}
    WHERE queue = ? AND barrier >= pg_snapshot_xmin(pg_current_snapshot())`,
    [queue, queue],
  ];
  return Number(row!.pending) === 0;
}

function* claim(
  queue: Queue,
  stretch: Stretch,
  lease: string,
  limit: number,
): Plan<readonly SqlRow[]> {
  const { messages, deliveries } = queue.tables;
  const [select, values] = dueOf(queue, stretch, "d.ctid");
  // By where they are: joined by their numbers, both tables were read as a whole for each claim. A row
  // that is locked stays where it is, and one that was moved a moment before is left for the next claim.
  const rows = yield [
    `WITH taken AS (
      UPDATE ${deliveries} t SET attempts = attempts + 1, lease = ?, visible_at = ${NOW} + ?
      WHERE ${UNHURRIED} AND t.ctid = ANY(ARRAY(${select} LIMIT ? FOR UPDATE OF d SKIP LOCKED))
      RETURNING t.seq, t.attempts
    )
    SELECT t.seq, t.attempts, ${CONTENT} FROM taken t
    LEFT JOIN ${messages} m ON m.seq = t.seq ORDER BY t.seq`,
    [lease, queue.lease, ...values, limit],
  ];
  return yield* present(queue, rows);
}

/** Of what was ended only what was not is told: as a rule nothing. */
function* settle<T extends Claimed>(queue: Queue, claimed: readonly T[]): Plan<T[]> {
  const [where, values] = whereOurs(queue, claimed);
  const rows = yield [
    `WITH ended AS (DELETE FROM ${queue.tables.deliveries} WHERE ${where} RETURNING seq)
    SELECT c.seq FROM unnest(CAST(? AS bigint[])) AS c (seq)
    WHERE c.seq NOT IN (SELECT seq FROM ended)`,
    [...values, arrayOf(claimed.map(({ token }) => token.seq))],
  ];
  if (rows.length === 0) return [];
  const late = new Set(rows.map(({ seq }) => Number(seq)));
  return claimed.filter(({ token }) => late.has(token.seq));
}

function* transfer(queue: Queue, ticket: Ticket, topic: string, rec: Rec): Plan<boolean> {
  const { deliveries } = queue.tables;
  const [where, ours] = whereOurs(queue, [{ token: ticket }]);
  const [insert, values] = insertion(queue.tables, [{ topic, rec }]);
  const select = insert.replace(
    /VALUES .*/,
    `SELECT CAST(? AS text), CAST(? AS text),
      CAST(? AS text), CAST(? AS text), CAST(? AS bytea), CAST(? AS bigint) FROM ended`,
  );
  const rows = yield [
    `WITH ended AS (DELETE FROM ${deliveries} WHERE ${where} RETURNING seq), published AS (${select})
    SELECT seq FROM ended`,
    [...ours, ...values!],
  ];
  return rows.length > 0;
}

function* bury(queue: Queue, ticket: Ticket, reason: string): Plan<boolean> {
  const [where, values] = whereOurs(queue, [{ token: ticket }]);
  const rows = yield [
    `UPDATE ${queue.tables.deliveries}
    SET lease = NULL, dead_at = ${NOW}, dead_reason = ? WHERE ${where} RETURNING seq`,
    [reason, ...values],
  ];
  return rows.length > 0;
}

function* begin(tables: Tables, topic: string, from: StartPosition): Plan<Position> {
  const since = sinceOf(from);
  if (since === 0) return { seq: 0, xid: "0", base: NOTHING, since };
  if (since !== undefined) {
    return { ...yield* firstSince(tables, topic, since), base: NOTHING, since };
  }
  const rows = yield [
    `SELECT CAST(base AS text) AS base, CAST(pg_snapshot_xmin(base) AS text) AS xid
    FROM pg_current_snapshot() AS base`,
  ];
  const { base, xid } = rows[0]!;
  return { seq: 0, xid: xid as string, base: base as string, since: 0 };
}

/**
 * Before the first message of a topic that is not older than a time, or the first transaction that may
 * bring one: what is older would be looked at again by each read that finds nothing.
 */
function* firstSince(
  { messages }: Tables,
  topic: string,
  since: number,
): Plan<Pick<Position, "seq" | "xid">> {
  const rows = yield [
    `WITH running AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid), found AS (
      SELECT m.xid, m.seq - 1 AS seq FROM ${messages} m
      WHERE m.topic = ? AND m.published_at >= ? AND m.xid < (SELECT xid FROM running)
      ORDER BY m.xid, m.seq LIMIT 1
    )
    SELECT CAST(xid AS text) AS xid, seq FROM (
      SELECT xid, seq FROM found UNION ALL SELECT xid, 0 FROM running) p ORDER BY p.xid, p.seq LIMIT 1`,
    [topic, since],
  ];
  const { xid, seq } = rows[0]!;
  return { seq: Number(seq), xid: xid as string };
}

/** In the order of transactions, and only of those that no earlier one can join any more. */
function* read(
  { messages }: Tables,
  topic: string,
  position: Position,
  limit: number,
): Plan<readonly Passed[]> {
  const [ahead, values] = aheadOf(topic, position);
  const rows = yield [
    `SELECT ${COLUMNS}, CAST(m.xid AS text) AS xid FROM ${messages} m
    WHERE ${ahead} AND m.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY m.xid, m.seq LIMIT ?`,
    [...values, limit],
  ];
  return rows.map((row) => ({
    row,
    position: { ...position, seq: Number(row.seq), xid: row.xid as string },
  }));
}

function* unread({ messages }: Tables, topic: string, position: Position): Plan<number> {
  const [ahead, values] = aheadOf(topic, position);
  const [row] = yield [`SELECT COUNT(*) AS n FROM ${messages} m WHERE ${ahead}`, values];
  return Number(row!.n);
}

/** What a reader has before it, as a condition. */
function aheadOf(
  topic: string,
  { seq, xid, base, since }: Position,
): [condition: string, values: SqlValue[]] {
  return [
    `m.topic = ? AND (m.xid, m.seq) > (CAST(? AS xid8), ?) AND m.published_at >= ?
      AND NOT pg_visible_in_snapshot(m.xid, CAST(? AS pg_snapshot))`,
    [topic, xid, seq, since, base],
  ];
}

/**
 * Another server numbers its transactions anew: what was brought there from elsewhere, by a dump say,
 * seems to be of transactions that are still to come. It is older than all that is published there.
 */
function schema(tables: Tables): string[] {
  const { groups, messages } = tables;
  const isOfElsewhere = (xid: string) =>
    `${xid} >= pg_snapshot_xmax(pg_current_snapshot())
      AND ${xid} IS DISTINCT FROM pg_current_xact_id_if_assigned() AND ${xid} <> '${NEVER}'`;
  return [
    ...tableStatements(PARTS, tables),
    // Each statement in it has a snapshot of its own, taken after the transaction has got its number.
    `CREATE OR REPLACE FUNCTION ${tables.fanOut}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      ${fanOut(tables, "m", "fresh m, ")};
      RETURN NULL;
    END $$`,
    `CREATE OR REPLACE TRIGGER ${tables.fanOut} AFTER INSERT ON ${messages}
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ${tables.fanOut}()`,
    `UPDATE ${messages} SET xid = '${OLDEST}' WHERE ${isOfElsewhere("xid")}`,
    `UPDATE ${groups} SET barrier = pg_current_xact_id() WHERE ${isOfElsewhere("barrier")}`,
  ];
}
