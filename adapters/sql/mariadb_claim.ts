import type { Plan, Queue, SqlRow, Stretch } from "./contracts.ts";
import { list, padded } from "./placeholders.ts";
import { checkKnown, present } from "./queue_plans.ts";
import { CONTENT } from "./record.ts";

/** How often somebody else may be faster before the next fetch looks again. */
const ATTEMPTS = 3;

/**
 * Claims up to `limit` messages that are due without a transaction, which would be twice as many ways to the
 * server: what may be claimed is read, then taken if it is still due. Who is second waits for the first,
 * takes nothing and reads again.
 */
export function* claimByUpdate(
  queue: Queue,
  stretch: Stretch,
  lease: string,
  limit: number,
): Plan<readonly SqlRow[]> {
  const { dialect: { now, upToDate }, tables: { messages, deliveries }, name } = queue;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seqs = yield* queue.ordered ? headsOf(queue, stretch, limit) : firstOf(queue, limit);
    if (seqs.length === 0) break;
    yield [
      `UPDATE ${deliveries} SET attempts = attempts + 1, lease = ?, visible_at = ${now} + ?
      WHERE queue = ? AND seq IN ${list(seqs)} AND dead_at IS NULL AND visible_at <= ${now}`,
      [lease, queue.lease, name, ...padded(seqs)],
    ];
    const rows = yield [
      `SELECT d.seq, d.attempts, ${CONTENT}
      FROM ${deliveries} d LEFT JOIN ${messages} m ON m.seq = d.seq
      WHERE d.queue = ? AND d.seq IN ${list(seqs)} AND d.lease = ? ORDER BY d.seq${upToDate}`,
      [name, ...padded(seqs), lease],
    ];
    if (rows.length > 0) return yield* present(queue, rows);
  }
  return [];
}

/** A claim looks before it locks, so there is nothing to look at before; but the queue may be gone. */
export function* isThere(queue: Queue): Plan<boolean> {
  yield* checkKnown(queue);
  return true;
}

/** The first messages that are due. */
function* firstOf(
  { dialect: { now }, tables: { deliveries }, name }: Queue,
  limit: number,
): Plan<number[]> {
  const rows = yield [
    `SELECT seq FROM ${deliveries}
    WHERE queue = ? AND dead_at IS NULL AND visible_at <= ${now} ORDER BY seq LIMIT ?`,
    [name, limit],
  ];
  return rows.map(({ seq }) => Number(seq));
}

/**
 * The first of each key in a stretch, if it is due and no later one of its key is with a handler. The
 * keys are compared here: the server would read all of the queue for each row, or all of its key.
 */
function* headsOf(
  queue: Queue,
  { after, upTo }: Stretch,
  limit: number,
): Plan<number[]> {
  const { dialect: { now }, tables: { deliveries }, name } = queue;
  const rows = yield [
    `SELECT seq, message_key, visible_at <= ${now} AS due, 0 AS held FROM ${deliveries}
      WHERE queue = ? AND dead_at IS NULL AND seq > ? AND seq <= ?
    UNION ALL
    SELECT seq, message_key, 0 AS due, 1 AS held FROM ${deliveries}
      WHERE queue = ? AND dead_at IS NULL AND lease IS NOT NULL AND visible_at > ${now}`,
    [name, after, upTo, name],
  ];
  const { held = [], inStretch = [] } = Object.groupBy(
    rows,
    (row) => Number(row.held) === 1 ? "held" : "inStretch",
  );
  const known = new Set(held.map(({ message_key }) => message_key));
  const heads = inStretch.sort((one, other) => Number(one.seq) - Number(other.seq))
    .filter(({ message_key, due }) => {
      const isFirst = message_key === "" || !known.has(message_key);
      known.add(message_key);
      return isFirst && Number(due) === 1;
    });
  const seqs = heads.map(({ seq }) => Number(seq));
  const behind = after === 0 ? new Set() : yield* behindOthers(queue, seqs, after);
  return seqs.filter((seq) => !behind.has(seq)).slice(0, limit);
}

/** Which of some messages have an unsettled one of their key up to `after`. */
function* behindOthers(
  { tables: { deliveries }, name }: Queue,
  seqs: readonly number[],
  after: number,
): Plan<ReadonlySet<number>> {
  if (seqs.length === 0) return new Set();
  const rows = yield [
    `SELECT d.seq FROM ${deliveries} d
    WHERE d.queue = ? AND d.seq IN ${list(seqs)} AND d.message_key <> '' AND EXISTS (
      SELECT 1 FROM ${deliveries} e FORCE INDEX (${deliveries}_by_key)
      WHERE e.queue = d.queue AND e.message_key = d.message_key AND e.dead_at IS NULL AND e.seq <= ?)`,
    [name, ...padded(seqs), after],
  ];
  return new Set(rows.map(({ seq }) => Number(seq)));
}
