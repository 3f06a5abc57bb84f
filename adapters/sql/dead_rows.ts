import type { Plan, SqlConnection } from "./contracts.ts";
import type { Rec } from "@beat/beat/message";
import { check, checkOptions, GROUP, integer, type Rules } from "@beat/beat/transport";
import { checkConnection } from "./options.ts";
import { list, padded } from "./placeholders.ts";
import { COLUMNS, recordOf } from "./record.ts";
import { RELAY_GROUP, relayQueue } from "./relay_queue.ts";
import type { TableOptions } from "./schema.ts";
import { transact } from "./session.ts";
import { PREFIX, PREFIX_RULE, tablesOf } from "./tables.ts";

/** A message that a relay could not publish, and has put aside. */
export interface DeadRow {
  /** Its number. */
  readonly seq: number;
  /** Where it was to be published. */
  readonly topic: string;
  /** The message. */
  readonly rec: Rec;
  /** What the last attempt failed with. */
  readonly reason: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it was put aside, by the database's clock. */
  readonly deadAt: Date;
}

/** Which messages that were put aside. */
export interface DeadRowsOptions extends TableOptions {
  /** The group of the relay. @default {"relay"} */
  group?: string;
  /** Rows at most, the oldest first. @default {100} */
  limit?: number;
}

/** Which of them to publish after all. */
export interface ReplayOptions extends TableOptions {
  /** The group of the relay. @default {"relay"} */
  group?: string;
}

const GROUP_RULES: Rules = { prefix: PREFIX_RULE, group: GROUP };

/**
 * What a relay has put aside, with the reason.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export async function deadRows(
  connection: SqlConnection,
  options: DeadRowsOptions = {},
): Promise<DeadRow[]> {
  const action = "list dead rows";
  checkConnection(action, connection);
  checkOptions(action, options, { ...GROUP_RULES, limit: integer(1) });
  const { prefix = PREFIX, group = RELAY_GROUP, limit = 100 } = options;
  const { messages, deliveries } = tablesOf(prefix);
  const rows = await connection.query(
    `SELECT ${COLUMNS}, d.attempts, d.dead_at, d.dead_reason
    FROM ${deliveries} d JOIN ${messages} m ON m.seq = d.seq
    WHERE d.queue = ? AND d.dead_at IS NOT NULL ORDER BY d.seq LIMIT ?`,
    [relayQueue(group), limit],
  );
  return rows.map((row) => ({
    seq: Number(row.seq),
    topic: row.topic as string,
    rec: recordOf(row),
    reason: row.dead_reason as string,
    attempts: Number(row.attempts),
    deadAt: new Date(Number(row.dead_at)),
  }));
}

/**
 * Lets a relay try again what it has put aside, with all its attempts; resolves with how many there
 * were. `seqs` names them, `"all"` are all.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export function replayDeadRows(
  connection: SqlConnection,
  seqs: readonly number[] | "all",
  options: ReplayOptions = {},
): Promise<number> {
  return change("replay dead rows", connection, seqs, options, ({ deliveries }, where) => [
    `UPDATE ${deliveries}
    SET dead_at = NULL, dead_reason = NULL, attempts = 0, visible_at = 0 WHERE ${where}`,
  ]);
}

/**
 * Gives up what a relay has put aside; resolves with how many there were. `seqs` names them, `"all"`
 * are all. The messages stay until their topic's retention is over.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export function discardDeadRows(
  connection: SqlConnection,
  seqs: readonly number[] | "all",
  options: ReplayOptions = {},
): Promise<number> {
  return change("discard dead rows", connection, seqs, options, ({ deliveries }, where) => [
    `DELETE FROM ${deliveries} WHERE ${where}`,
  ]);
}

async function change(
  action: string,
  connection: SqlConnection,
  seqs: readonly number[] | "all",
  options: ReplayOptions,
  write: (tables: ReturnType<typeof tablesOf>, where: string) => readonly [sql: string],
): Promise<number> {
  checkConnection(action, connection);
  checkOptions(action, options, GROUP_RULES);
  if (seqs !== "all") {
    check(action, "seqs", seqs, ["'all' or an array of numbers", "object", Array.isArray]);
    if (seqs.length === 0) return 0;
  }
  const { prefix = PREFIX, group = RELAY_GROUP } = options;
  const tables = tablesOf(prefix);
  return await transact(connection, function* (): Plan<number> {
    const some = seqs === "all" ? "" : ` AND seq IN ${list(seqs)}`;
    const where = `queue = ? AND dead_at IS NOT NULL${some}`;
    const values = [relayQueue(group), ...(seqs === "all" ? [] : padded(seqs))];
    const rows = yield [`SELECT seq FROM ${tables.deliveries} WHERE ${where}`, values];
    yield [...write(tables, where), values];
    return rows.length;
  });
}
