import type { Plan } from "./contracts.ts";
import { EVERY_TOPIC, type Tables } from "./tables.ts";

/** Numbers that are looked at in one statement, which none should take long. */
const STRIDE = 100_000;

const UTF8 = new TextEncoder();

/**
 * The messages of a topic that are written and not committed, by their numbers. They are seen by who reads
 * what is not committed, and told from the rest by their locks, which who does not wait leaves out.
 */
export function* notCommitted(tables: Tables, topic: string): Plan<readonly number[]> {
  const [row] = yield [`SELECT MIN(seq) AS first, MAX(seq) AS last FROM ${tables.messages}`];
  const last = Number(row!.last ?? 0);
  const found: number[] = [];
  let after = 0;
  let upTo = Number(row!.first ?? 0) + STRIDE;
  for (; upTo <= last; upTo += STRIDE) {
    found.push(...yield* lookAt(tables, topic, `m.seq > ${after} AND m.seq <= ${upTo}`));
    after = upTo;
  }
  found.push(...yield* lookAt(tables, topic, `m.seq > ${after}`));
  return found;
}

function* lookAt({ messages }: Tables, topic: string, where: string): Plan<number[]> {
  const [index, ofTopic] = topic === EVERY_TOPIC
    ? ["", ""]
    : [`FORCE INDEX (${messages}_by_topic)`, ` AND m.topic = ${literal(topic)}`];
  // One statement, as it has to be told to the session that executes it how it reads; and the server
  // would read all of the table for the inner one.
  const rows = yield [
    `BEGIN NOT ATOMIC
      SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;
      SET STATEMENT optimizer_switch = 'materialization=off' FOR
      SELECT m.seq FROM ${messages} m ${index} WHERE ${where}${ofTopic} AND NOT EXISTS (
        SELECT 1 FROM ${messages} c WHERE c.seq = m.seq LOCK IN SHARE MODE SKIP LOCKED)
      ORDER BY m.seq;
    END`,
  ];
  return rows.map(({ seq }) => Number(seq));
}

/** A text in a statement that takes no values. */
function literal(text: string): string {
  const bytes = Array.from(UTF8.encode(text), (byte) => byte.toString(16).padStart(2, "0"));
  return `CONVERT(X'${bytes.join("")}' USING utf8mb4)`;
}
