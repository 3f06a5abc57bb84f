import type { Plan, SqlConnection } from "./contracts.ts";
import { checkOptions, integer } from "@beat/beat/transport";
import { checkConnection } from "./options.ts";
import type { TableOptions } from "./schema.ts";
import { transact } from "./session.ts";
import { list, padded } from "./placeholders.ts";
import { PREFIX, PREFIX_RULE, tablesOf } from "./tables.ts";

/** What {@linkcode sweep} takes. */
export interface SweepOptions extends TableOptions {
  /** Rows of each kind that one call removes at most: a long transaction holds up others. @default {10_000} */
  limit?: number;
}

/** What {@linkcode sweep} removed. */
export interface Swept {
  /** Messages past the retention of their topic. */
  readonly messages: number;
  /** Keys of stores that are no longer remembered. */
  readonly marks: number;
}

/**
 * Removes what is past its time: messages older than the `retentionMs` of their topic, by the
 * database's clock, and keys of stores. What a group has not settled, or has put aside, stays. Nothing
 * calls it but you: from a timer, or a cron job.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example Keep messages for a week
 * ```ts
 * import { fromSqlite, migrate, sqlTransport, sweep } from "@beat/sql";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * await sqlTransport({ connection }).admin.create("orders", { retentionMs: 7 * 86_400_000 });
 * console.log(await sweep(connection));
 * ```
 */
export async function sweep(
  connection: SqlConnection,
  options: SweepOptions = {},
): Promise<Swept> {
  const action = "sweep the tables";
  checkConnection(action, connection);
  checkOptions(action, options, { prefix: PREFIX_RULE, limit: integer(1) });
  const { prefix = PREFIX, limit = 10_000 } = options;
  const { messages, deliveries, topics, marks } = tablesOf(prefix);
  const { now } = connection.dialect;
  return await transact(connection, function* (): Plan<Swept> {
    // Selected first, as MariaDB deletes with no LIMIT from what it also selects from.
    const old = yield [
      `SELECT m.seq FROM ${messages} m JOIN ${topics} t ON t.topic = m.topic
      WHERE m.published_at < ${now} - t.retention_ms
        AND NOT EXISTS (SELECT 1 FROM ${deliveries} d WHERE d.seq = m.seq)
      ORDER BY m.seq LIMIT ?`,
      [limit],
    ];
    yield* remove(messages, "seq", old.map(({ seq }) => Number(seq)));
    const spent = yield [`SELECT mark FROM ${marks} WHERE until < ${now} LIMIT ?`, [limit]];
    yield* remove(marks, "mark", spent.map(({ mark }) => mark as string));
    return { messages: old.length, marks: spent.length };
  });
}

/** Values of one statement: databases limit how many there are. */
const CHUNK = 1_000;

function* remove(table: string, column: string, values: readonly (number | string)[]): Plan<void> {
  for (let at = 0; at < values.length; at += CHUNK) {
    const chunk = values.slice(at, at + CHUNK);
    yield [`DELETE FROM ${table} WHERE ${column} IN ${list(chunk)}`, padded(chunk)];
  }
}
