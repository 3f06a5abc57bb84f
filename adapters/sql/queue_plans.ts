import type {
  Piece,
  Plan,
  Queue,
  SqlDialect,
  SqlRow,
  SqlValue,
  Stretch,
  Ticket,
} from "./contracts.ts";
import type { Rec } from "@beat/beat/message";
import type { Requeue } from "@beat/beat/transport";
import { list, padded } from "./placeholders.ts";
import { CONTENT, insertion } from "./record.ts";

/** What was claimed, and how the claim is known. */
export interface Claimed {
  readonly token: Ticket;
}

/** Milliseconds that a delay may be: a hundred years, as no database can add infinity. */
const LONGEST = 3_155_760_000_000;

/**
 * Claims up to `limit` messages that are due in a transaction beside which there is none; each row has
 * `attempts` beside the message.
 */
export function* claim(
  queue: Queue,
  stretch: Stretch,
  lease: string,
  limit: number,
): Plan<readonly SqlRow[]> {
  const { dialect: { now }, tables: { messages, deliveries }, name } = queue;
  const columns = `d.seq, d.attempts + 1 AS attempts, ${CONTENT}`;
  const [select, values] = dueOf(queue, stretch, columns, messages);
  const due = yield [`${select} LIMIT ?`, [...values, limit]];
  if (due.length === 0) return [];
  const [isTaken, taken] = among(queue.dialect, "seq", due.map(({ seq }) => Number(seq)));
  yield [
    `UPDATE ${deliveries} SET attempts = attempts + 1, lease = ?, visible_at = ${now} + ?
    WHERE queue = ? AND ${isTaken}`,
    [lease, queue.lease, name, ...taken],
  ];
  return yield* present(queue, due);
}

/**
 * Whether a claim would find something; a read, which nobody waits for.
 *
 * @throws {Error} If the queue is not there any more.
 */
export function* isDue(queue: Queue, stretch: Stretch): Plan<boolean> {
  const [select, values] = dueOf(queue, stretch, "d.seq");
  const [row] = yield* checkKnown(queue, `EXISTS (${select})`, values);
  // A truth is a number in some databases.
  return Boolean(Number(row!.due));
}

/** @throws {Error} If the queue is not there any more; `due` is something else that is asked for. */
export function* checkKnown(
  { tables: { groups }, name }: Queue,
  due = "1",
  values: readonly SqlValue[] = [],
): Plan<readonly SqlRow[]> {
  const known = `EXISTS (SELECT 1 FROM ${groups} WHERE queue = ?)`;
  const rows = yield [`SELECT ${due} AS due, ${known} AS known`, [...values, name]];
  if (Number(rows[0]!.known)) return rows;
  throw new Error(`Cannot read queue '${name}' as it was removed`);
}

/** Ends deliveries for good; returns those that were no longer ours. */
export function* settle<T extends Claimed>(queue: Queue, claimed: readonly T[]): Plan<T[]> {
  const [where, values] = whereOurs(queue, claimed);
  const rows = yield [
    `DELETE FROM ${queue.tables.deliveries} WHERE ${where} RETURNING seq`,
    values,
  ];
  const gone = new Set(rows.map(({ seq }) => Number(seq)));
  return claimed.filter(({ token }) => !gone.has(token.seq));
}

/** Has messages delivered again after a while; what no handler saw does not count as an attempt. */
export function* putBack(queue: Queue, items: readonly Requeue[]): Plan<void> {
  const { dialect: { now }, tables: { deliveries } } = queue;
  const kinds = Map.groupBy(items, ({ delay, unstarted }) => `${delay} ${unstarted}`);
  for (const alike of kinds.values()) {
    const { delay, unstarted } = alike[0]!;
    const [where, values] = whereOurs(queue, alike.map(({ delivery }) => delivery as Claimed));
    yield [
      `UPDATE ${deliveries}
      SET lease = NULL, visible_at = ${now} + ?, attempts = attempts - ? WHERE ${where}`,
      [Math.min(Math.ceil(delay), LONGEST), unstarted ? 1 : 0, ...values],
    ];
  }
}

/** Prolongs claims; returns those that were no longer ours. */
export function* prolong<T extends Claimed>(queue: Queue, claimed: readonly T[]): Plan<T[]> {
  const { deliveries } = queue.tables;
  const [where, values] = whereOurs(queue, claimed);
  yield [
    `UPDATE ${deliveries} SET visible_at = ${queue.dialect.now} + ? WHERE ${where}`,
    [queue.lease, ...values],
  ];
  const [isClaimed, seqs] = among(queue.dialect, "seq", claimed.map(({ token }) => token.seq));
  const rows = yield [
    `SELECT seq, lease FROM ${deliveries} WHERE queue = ? AND ${isClaimed}`,
    [queue.name, ...seqs],
  ];
  const leases = new Map(rows.map(({ seq, lease }) => [Number(seq), lease]));
  return claimed.filter(({ token }) => leases.get(token.seq) !== token.lease);
}

/** Ends a delivery and publishes a record instead; false if it was no longer ours. */
export function* transfer(queue: Queue, ticket: Ticket, topic: string, rec: Rec): Plan<boolean> {
  const lost = yield* settle(queue, [{ token: ticket }]);
  if (lost.length > 0) return false;
  yield insertion(queue.tables, [{ topic, rec }], queue.dialect);
  return true;
}

/** Puts a delivery aside for a reason; false if it was no longer ours. */
export function* bury(queue: Queue, ticket: Ticket, reason: string): Plan<boolean> {
  const [where, values] = whereOurs(queue, [{ token: ticket }]);
  const { dialect: { now, forUpdate }, tables: { deliveries } } = queue;
  const ours = yield [`SELECT seq FROM ${deliveries} WHERE ${where}${forUpdate}`, values];
  if (ours.length === 0) return false;
  yield [
    `UPDATE ${deliveries} SET lease = NULL, dead_at = ${now}, dead_reason = ? WHERE ${where}`,
    [reason, ...values],
  ];
  return true;
}

/** How many messages are not settled; those put aside do not count. */
export function* countUnsettled({ tables, name }: Queue): Plan<number> {
  const rows = yield [
    `SELECT COUNT(*) AS n FROM ${tables.deliveries} WHERE queue = ? AND dead_at IS NULL`,
    [name],
  ];
  return Number(rows[0]!.n);
}

/**
 * Selects what is due in a stretch. In order, that is nothing that has an earlier unsettled message of
 * its key, nor what would run beside one: a transaction that took its number early and committed late
 * is earlier than what is already with a handler. With the table of `messages`, columns of `m` may be
 * asked for.
 */
export function dueOf(
  { dialect: { now }, tables: { deliveries }, name, ordered }: Queue,
  { after, upTo }: Stretch,
  columns: string,
  messages?: string,
): [select: string, values: SqlValue[]] {
  const ofKey = `SELECT 1 FROM ${deliveries} e
      WHERE e.queue = d.queue AND e.message_key = d.message_key AND e.dead_at IS NULL`;
  const inOrder = ` AND d.seq > ? AND d.seq <= ? AND (d.message_key = '' OR (
      NOT EXISTS (${ofKey} AND e.seq < d.seq) AND
      NOT EXISTS (${ofKey} AND e.seq > d.seq AND e.lease IS NOT NULL AND e.visible_at > ${now})))`;
  const joined = messages === undefined ? "" : ` LEFT JOIN ${messages} m ON m.seq = d.seq`;
  const select = `SELECT ${columns} FROM ${deliveries} d${joined}
    WHERE d.queue = ? AND d.dead_at IS NULL AND d.visible_at <= ${now}${ordered ? inOrder : ""}
    ORDER BY d.seq`;
  return [select, ordered ? [name, after, upTo] : [name]];
}

/** What tells our deliveries from those that somebody else has by now. */
export function whereOurs({ dialect, name }: Queue, claimed: readonly Claimed[]): Piece {
  const [isClaimed, seqs] = among(dialect, "seq", claimed.map(({ token }) => token.seq));
  const leases = [...new Set(claimed.map(({ token }) => token.lease))];
  const where = `queue = ? AND ${isClaimed} AND lease IN ${list(leases)}`;
  return [where, [name, ...seqs, ...padded(leases)]];
}

/** What was claimed, of which rows without a message are forgotten. */
export function* present(queue: Queue, claimed: readonly SqlRow[]): Plan<readonly SqlRow[]> {
  const found = claimed.filter(({ topic }) => topic !== null);
  if (found.length < claimed.length) {
    yield* forget(queue, claimed.map(({ seq }) => Number(seq)), found);
  }
  return found;
}

/** Somebody has deleted messages by hand: what is left of them in the queue would wait for ever. */
export function* forget(
  { dialect, tables, name }: Queue,
  seqs: readonly number[],
  found: readonly SqlRow[],
): Plan<void> {
  const there = new Set(found.map(({ seq }) => Number(seq)));
  const missing = seqs.filter((seq) => !there.has(seq));
  const [isMissing, values] = among(dialect, "seq", missing);
  yield [`DELETE FROM ${tables.deliveries} WHERE queue = ? AND ${isMissing}`, [name, ...values]];
}

/** That a column is one of some numbers. */
function among(dialect: SqlDialect, column: string, numbers: readonly number[]): Piece {
  if (dialect.among !== undefined) return dialect.among(column, numbers);
  return [`${column} IN ${list(numbers)}`, padded(numbers)];
}
