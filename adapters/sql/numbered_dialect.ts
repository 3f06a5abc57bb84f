import type { Plan, Position, SqlDialect, SqlRow } from "./contracts.ts";
import type { StartPosition } from "@beat/beat/message";
import { bury, transfer } from "./queue_plans.ts";
import { COLUMNS } from "./record.ts";
import { table, type TableParts, tableStatements } from "./table_statements.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** What tells databases apart whose log is read by the numbers of its rows. */
export interface NumberedParts extends
  Pick<
    SqlDialect,
    "name" | "isWrapped" | "now" | "ensure" | "isDue" | "claim" | "isBusy" | "isRefusal"
  > {
  /** What an INSERT begins with that leaves out what is there already. */
  readonly insertIgnore: string;
  /** What a statement begins with that is not to wait for long. */
  readonly impatiently: string;
  /** What a SELECT ends with that waits for what is not yet committed, and sees it. */
  readonly upToDate: string;
  /** What a SELECT ends with whose rows are to be locked. */
  readonly forUpdate: string;
  /** What tables are made of. */
  readonly parts: TableParts;
  /** The statement that makes the trigger of new messages. */
  readonly trigger: (tables: Tables) => string;
}

/** A database that cannot be asked which transactions are on their way: its rows have numbers. */
export function numberedDialect(own: NumberedParts): SqlDialect {
  const { parts, trigger } = own;
  return {
    ...own,
    // Sessions begin with an isolation that locks gaps, or all use one connection.
    isConcise: false,
    groupTables: ({ groups, catchUps }) => [groups, catchUps],
    schema: (tables) => [
      ...tableStatements(parts, tables),
      // Apart from the groups, which publishers have locked: who catches up waits for publishers.
      table(tables.catchUps, parts.options.other, [
        `queue ${parts.name(500)} NOT NULL`,
        `topic ${parts.name(200)} NOT NULL`,
        `since ${parts.int64}`,
        "PRIMARY KEY (queue, topic)",
      ]),
      trigger(tables),
    ],
    join: (tables, queue, topic, from) => join(own, tables, queue, topic, from),
    catchUp: (tables, queue) => catchUp(own, tables, queue),
    transfer,
    bury,
    begin: (tables, _topic, from) => begin(tables, from),
    read: (tables, topic, position, limit) => read(own, tables, topic, position, limit),
  };
}

/** Since when messages count, in milliseconds since 1970; `undefined` is from now on. */
export function sinceOf(from: StartPosition): number | undefined {
  if (from === "latest") return undefined;
  return from === "earliest" ? 0 : from.getTime();
}

function* join(
  { insertIgnore }: NumberedParts,
  { groups, catchUps }: Tables,
  queue: string,
  topic: string,
  from: StartPosition,
): Plan<void> {
  yield [
    `${insertIgnore} INTO ${catchUps} (queue, topic, since) VALUES (?, ?, ?)`,
    [queue, topic, sinceOf(from) ?? null],
  ];
  yield [`${insertIgnore} INTO ${groups} (queue, topic) VALUES (?, ?)`, [queue, topic]];
}

/** Puts earlier messages into a queue, waiting for those that are not yet committed. */
function* catchUp(
  { insertIgnore, impatiently, upToDate, forUpdate }: NumberedParts,
  { catchUps, messages, deliveries }: Tables,
  queue: string,
): Plan<boolean> {
  const pending = yield [
    `SELECT topic, since FROM ${catchUps} WHERE queue = ? AND since IS NOT NULL${forUpdate}`,
    [queue],
  ];
  for (const { topic, since } of pending) {
    yield [
      `${impatiently}${insertIgnore} INTO ${deliveries} (queue, seq, message_key)
      SELECT ?, m.seq, m.message_key FROM ${messages} m
      WHERE ? IN (m.topic, '${EVERY_TOPIC}') AND m.published_at >= ?${upToDate}`,
      [queue, topic as string, Number(since)],
    ];
  }
  if (pending.length > 0) yield [`UPDATE ${catchUps} SET since = NULL WHERE queue = ?`, [queue]];
  return true;
}

function* begin({ messages }: Tables, from: StartPosition): Plan<Position> {
  const since = sinceOf(from);
  if (since !== undefined) return { seq: 0, xid: "0", base: "", since };
  const rows = yield [`SELECT MAX(seq) AS seq FROM ${messages}`];
  return { seq: Number(rows[0]!.seq ?? 0), xid: "0", base: "", since: 0 };
}

function* read(
  { impatiently, upToDate }: NumberedParts,
  { messages }: Tables,
  topic: string,
  { seq, since }: Position,
  limit: number,
): Plan<readonly SqlRow[]> {
  return yield [
    `${impatiently}SELECT ${COLUMNS} FROM ${messages} m
    WHERE m.topic = ? AND m.seq > ? AND m.published_at >= ?
    ORDER BY m.seq LIMIT ?${upToDate}`,
    [topic, seq, since, limit],
  ];
}
