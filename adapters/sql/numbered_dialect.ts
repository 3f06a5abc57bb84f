import type { Passed, Plan, Position, SqlDialect, SqlValue, Statement } from "./contracts.ts";
import type { StartPosition } from "@beat/beat/message";
import { bury, settle, transfer } from "./queue_plans.ts";
import { COLUMNS } from "./record.ts";
import { table, type TableParts, tableStatements } from "./table_statements.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** What tells databases apart whose log is read by the numbers of its rows. */
export interface NumberedParts extends
  Pick<
    SqlDialect,
    | "name"
    | "isWrapped"
    | "now"
    | "rows"
    | "among"
    | "ensure"
    | "isDue"
    | "claim"
    | "isBusy"
    | "isRefusal"
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
  /** Messages of a topic that are written and not committed; not where one transaction writes at a time. */
  readonly notCommitted?: (tables: Tables, topic: string) => Plan<readonly number[]>;
  /** The number before the first message of a topic that is not older than a time, committed or not. */
  readonly lastBefore: (tables: Tables, topic: string, since: number) => Plan<number>;
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
        `late ${parts.text}`,
        "PRIMARY KEY (queue, topic)",
      ]),
      trigger(tables),
    ],
    join: (tables, queue, topic, from) => join(own, tables, queue, topic, from),
    catchUp: (tables, queue) => catchUp(own, tables, queue),
    settle,
    transfer,
    bury,
    begin: (tables, topic, from) => begin(own, tables, topic, from),
    read: (tables, topic, position, limit) => read(own, tables, topic, position, limit),
    unread,
  };
}

/** Since when messages count, in milliseconds since 1970; `undefined` is from now on. */
export function sinceOf(from: StartPosition): number | undefined {
  if (from === "latest") return undefined;
  return from === "earliest" ? 0 : from.getTime();
}

/**
 * What was written by who could not see the group yet, and is committed after it began, is looked for when
 * all others see the group: it is there by then, as triggers look at the groups after that.
 */
function* join(
  { insertIgnore, notCommitted }: NumberedParts,
  tables: Tables,
  queue: string,
  topic: string,
  from: StartPosition,
): Plan<void> {
  const { groups, catchUps } = tables;
  yield [`${insertIgnore} INTO ${groups} (queue, topic) VALUES (?, ?)`, [queue, topic]];
  yield [
    `${insertIgnore} INTO ${catchUps} (queue, topic, since) VALUES (?, ?, ?)`,
    [queue, topic, sinceOf(from) ?? null],
  ];
  if (notCommitted === undefined || from === "earliest") return;
  const ours = "queue = ? AND topic = ? AND late IS NULL";
  const isNew = yield [`SELECT topic FROM ${catchUps} WHERE ${ours}`, [queue, topic]];
  if (isNew.length === 0) return;
  const late = yield* notCommitted(tables, topic);
  yield [`UPDATE ${catchUps} SET late = ? WHERE ${ours}`, [late.join(), queue, topic]];
}

/** Puts earlier messages into a queue, waiting for those that are not yet committed. */
function* catchUp(
  { insertIgnore, impatiently, upToDate, forUpdate }: NumberedParts,
  { catchUps, messages, deliveries }: Tables,
  queue: string,
): Plan<boolean> {
  const pending = yield [
    `SELECT topic, since, late FROM ${catchUps}
    WHERE queue = ? AND (since IS NOT NULL OR late <> '')${forUpdate}`,
    [queue],
  ];
  const put = (which: string, ...values: SqlValue[]): Statement => [
    `${impatiently}${insertIgnore} INTO ${deliveries} (queue, seq, message_key)
    SELECT ?, m.seq, m.message_key FROM ${messages} m WHERE ${which}${upToDate}`,
    [queue, ...values],
  ];
  for (const { topic, since, late } of pending) {
    if (since !== null) {
      const which = `? IN (m.topic, '${EVERY_TOPIC}') AND m.published_at >= ?`;
      yield put(which, topic as string, Number(since));
    }
    if (late) yield put(`m.seq IN (${late})`);
  }
  if (pending.length > 0) {
    yield [`UPDATE ${catchUps} SET since = NULL, late = '' WHERE queue = ?`, [queue]];
  }
  return true;
}

function* begin(
  { notCommitted, lastBefore }: NumberedParts,
  tables: Tables,
  topic: string,
  from: StartPosition,
): Plan<Position> {
  const since = sinceOf(from);
  if (since !== undefined) {
    // What is older would be looked at again by each read that finds nothing.
    const seq = from === "earliest" ? 0 : yield* lastBefore(tables, topic, since);
    return { seq, xid: "0", base: "", since };
  }
  const [row] = yield [`SELECT MAX(seq) AS seq FROM ${tables.messages}`];
  const seq = Number(row!.seq ?? 0);
  const late = notCommitted === undefined ? [] : yield* notCommitted(tables, topic);
  return { seq, xid: "0", base: late.filter((one) => one < seq).join(), since: 0 };
}

/** What comes after a position, as a condition. */
const AHEAD = "m.seq > ? AND m.published_at >= ?";

/** First what is late, though it has lower numbers; what of that was rolled back is passed over. */
function* read(
  own: NumberedParts,
  { messages }: Tables,
  topic: string,
  position: Position,
  limit: number,
): Plan<readonly Passed[]> {
  const { seq, base, since } = position;
  const select = (which: string, ...values: SqlValue[]): Statement => [
    `${own.impatiently}SELECT ${COLUMNS} FROM ${messages} m WHERE ${which}
    ORDER BY m.seq LIMIT ?${own.upToDate}`,
    [...values, limit],
  ];
  if (base !== "") {
    const late = yield select(`m.seq IN (${base})`);
    if (late.length > 0) {
      const seqs = base.split(",");
      return late.map((row) => {
        const rest = seqs.slice(seqs.indexOf(String(row.seq)) + 1);
        return { row, position: { ...position, base: rest.join() } };
      });
    }
  }
  const rows = yield select(`m.topic = ? AND ${AHEAD}`, topic, seq, since);
  return rows.map((row) => ({ row, position: { ...position, seq: Number(row.seq), base: "" } }));
}

function* unread(
  { messages }: Tables,
  topic: string,
  { seq, base, since }: Position,
): Plan<number> {
  const [row] = yield [
    `SELECT COUNT(*) AS n FROM ${messages} m
    WHERE m.topic = ? AND (${AHEAD} OR m.seq IN (${base || 0}))`,
    [topic, seq, since],
  ];
  return Number(row!.n);
}
