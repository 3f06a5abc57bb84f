import type { Plan, Position, SqlRow } from "./contracts.ts";
import type { StartPosition } from "@beat/beat/message";
import { COLUMNS } from "./record.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** What a database that knows no snapshots has to say about reading a log by the numbers of its rows. */
export interface NumberedLog {
  /** What an INSERT begins with that leaves out what is there already. */
  readonly insertIgnore: string;
  /** What a statement begins with that is not to wait for long. */
  readonly impatiently: string;
  /** What a SELECT ends with that waits for what is not yet committed. */
  readonly lockInShareMode: string;
  /** What a SELECT ends with whose rows are to be locked. */
  readonly forUpdate: string;
}

/** Since when messages count, in milliseconds since 1970; `undefined` is from now on. */
export function sinceOf(from: StartPosition): number | undefined {
  if (from === "latest") return undefined;
  return from === "earliest" ? 0 : from.getTime();
}

/** Makes a queue, which waits for {@linkcode catchUp} if it must have earlier messages. */
export function* join(
  log: NumberedLog,
  { groups, catchUps }: Tables,
  queue: string,
  topic: string,
  from: StartPosition,
): Plan<void> {
  const since = sinceOf(from) ?? null;
  yield [
    `${log.insertIgnore} INTO ${catchUps} (queue, topic, since) VALUES (?, ?, ?)`,
    [queue, topic, since],
  ];
  yield [`${log.insertIgnore} INTO ${groups} (queue, topic) VALUES (?, ?)`, [queue, topic]];
}

/** Puts earlier messages into a queue, waiting for those that are not yet committed. */
export function* catchUp(log: NumberedLog, tables: Tables, queue: string): Plan<boolean> {
  const { catchUps, messages, deliveries } = tables;
  const pending = yield [
    `SELECT topic, since FROM ${catchUps} WHERE queue = ? AND since IS NOT NULL${log.forUpdate}`,
    [queue],
  ];
  for (const { topic, since } of pending) {
    yield [
      `${log.impatiently}${log.insertIgnore} INTO ${deliveries} (queue, seq, message_key)
      SELECT ?, m.seq, m.message_key FROM ${messages} m
      WHERE ? IN (m.topic, '${EVERY_TOPIC}') AND m.published_at >= ?${log.lockInShareMode}`,
      [queue, topic as string, Number(since)],
    ];
  }
  if (pending.length > 0) yield [`UPDATE ${catchUps} SET since = NULL WHERE queue = ?`, [queue]];
  return true;
}

/** Where a reader begins. */
export function* begin({ messages }: Tables, from: StartPosition): Plan<Position> {
  const since = sinceOf(from);
  if (since !== undefined) return { seq: 0, xid: "0", base: "", since };
  const rows = yield [`SELECT MAX(seq) AS seq FROM ${messages}`];
  return { seq: Number(rows[0]!.seq ?? 0), xid: "0", base: "", since: 0 };
}

/** The next messages for a reader. */
export function* read(
  log: NumberedLog,
  { messages }: Tables,
  topic: string,
  { seq, since }: Position,
  limit: number,
): Plan<readonly SqlRow[]> {
  return yield [
    `${log.impatiently}SELECT ${COLUMNS} FROM ${messages} m
    WHERE m.topic = ? AND m.seq > ? AND m.published_at >= ?
    ORDER BY m.seq LIMIT ?${log.lockInShareMode}`,
    [topic, seq, since, limit],
  ];
}
