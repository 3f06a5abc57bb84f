import type { Plan } from "./contracts.ts";
import { selectLastBefore } from "./select_last_before.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** Numbers that are looked at in one statement, which none should take long. */
const STRIDE = 100_000;

/** Numbers of the end that are looked at each time: who writes by himself may have one and no row yet. */
const SLACK = 1_000;

/** Numbers that are looked at again before it is noted how far all is committed. */
const WORTH = 10_000;

/** No group is named like that: its row notes how far all of a topic is committed. */
const NOTES = "";

const UTF8 = new TextEncoder();

/**
 * The messages of a topic that are written and not committed, by their numbers. They are seen by who reads
 * what is not committed, and told from the rest by their locks, which who does not wait leaves out. What
 * was committed once stays so: it is looked at by the first who comes, and noted.
 */
export function* notCommitted(tables: Tables, topic: string): Plan<readonly number[]> {
  const [row] = yield [`SELECT MIN(seq) AS first, MAX(seq) AS last FROM ${tables.messages}`];
  const last = Number(row!.last ?? 0);
  const noted = yield* notedOf(tables, topic);
  // Numbers that begin anew begin below what was noted.
  const start = noted > last ? 0 : noted;
  const found: number[] = [];
  let after = start;
  // What is committed begins there; what is not may have lower numbers.
  let upTo = Math.max(start, Number(row!.first ?? 0)) + STRIDE;
  for (; upTo <= last; upTo += STRIDE) {
    found.push(...yield* lookAt(tables, topic, `m.seq > ${after} AND m.seq <= ${upTo}`));
    after = upTo;
  }
  found.push(...yield* lookAt(tables, topic, `m.seq > ${after}`));
  const settled = Math.min(last - SLACK, (found[0] ?? Infinity) - 1);
  if (settled - start >= WORTH) yield* note(tables, topic, settled);
  return found;
}

/**
 * A number before the first message of a topic that is not older than a time, committed or not, or with a
 * number and no row yet.
 */
export function* lastBefore(tables: Tables, topic: string, since: number): Plan<number> {
  const [row] = yield [uncommitted(`${selectLastBefore(tables, literal(topic), since)};`)];
  return Math.max(0, Number(row!.seq) - SLACK);
}

/** The number up to which all of a topic is committed, as far as it was noted. */
function* notedOf({ catchUps }: Tables, topic: string): Plan<number> {
  const [row] = yield [
    `SELECT MAX(since) AS noted FROM ${catchUps} WHERE queue = '${NOTES}' AND topic IN (?, ?)`,
    [topic, EVERY_TOPIC],
  ];
  return Number(row!.noted ?? 0);
}

/** Who may not write looks again the next time. */
function* note({ catchUps }: Tables, topic: string, settled: number): Plan<void> {
  yield [
    `BEGIN NOT ATOMIC
      DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;
      SET STATEMENT innodb_lock_wait_timeout = 1 FOR
      INSERT INTO ${catchUps} (queue, topic, since) VALUES ('${NOTES}', ${
      literal(topic)
    }, ${settled})
      ON DUPLICATE KEY UPDATE since = ${settled};
    END`,
  ];
}

function* lookAt({ messages }: Tables, topic: string, where: string): Plan<number[]> {
  const [index, ofTopic] = topic === EVERY_TOPIC
    ? ["", ""]
    : [`FORCE INDEX (${messages}_by_topic)`, ` AND m.topic = ${literal(topic)}`];
  const rows = yield [
    // The server would read all of the table for the inner one.
    uncommitted(`SET STATEMENT optimizer_switch = 'materialization=off' FOR
      SELECT m.seq FROM ${messages} m ${index} WHERE ${where}${ofTopic} AND NOT EXISTS (
        SELECT 1 FROM ${messages} c WHERE c.seq = m.seq LOCK IN SHARE MODE SKIP LOCKED)
      ORDER BY m.seq;`),
  ];
  return rows.map(({ seq }) => Number(seq));
}

/** One statement, as it has to be told to the session that executes it how it reads. */
function uncommitted(select: string): string {
  return `BEGIN NOT ATOMIC
      SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;
      ${select}
    END`;
}

/** A text in a statement that takes no values. */
function literal(text: string): string {
  const bytes = Array.from(UTF8.encode(text), (byte) => byte.toString(16).padStart(2, "0"));
  return `CONVERT(X'${bytes.join("")}' USING utf8mb4)`;
}
