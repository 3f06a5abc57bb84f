import type { SqlConnection } from "./contracts.ts";
import { check, checkOptions, FUNCTION, integer, OBJECT, type Rules } from "@beat/beat/transport";
import type { TableOptions } from "./schema.ts";
import { withTimeout } from "./timeout.ts";
import { PREFIX, PREFIX_RULE } from "./tables.ts";

/** What {@linkcode sqlTransport} takes. */
export interface SqlTransportOptions extends TableOptions {
  /** The database: see `fromPostgres`, `fromPg`, `fromMysql`, `fromSqlite`. */
  connection: SqlConnection;
  /**
   * Milliseconds that a message belongs to who has claimed it, by the database's clock. The engine
   * prolongs it while the process is alive. @default {30_000}
   */
  lease?: number;
  /** Milliseconds between two looks at a queue that was empty. @default {100} */
  pollInterval?: number;
  /**
   * Milliseconds that the database may take for a statement, or a transaction of a few. After that the
   * source is made anew, and what was to be published may be stored. @default {10_000}
   */
  timeout?: number;
}

/** The rules of {@linkcode SqlTransportOptions}. */
export const TRANSPORT_RULES: Rules = {
  connection: OBJECT,
  prefix: PREFIX_RULE,
  lease: integer(1),
  pollInterval: integer(1),
  timeout: integer(1),
};

/**
 * Puts defaults where an option was left out.
 *
 * @throws {TypeError | RangeError} Naming the option, its value and its rule.
 */
export function resolveOptions(
  action: string,
  options: SqlTransportOptions,
): Required<SqlTransportOptions> {
  checkOptions(action, options, TRANSPORT_RULES);
  checkConnection(action, options.connection);
  const { prefix = PREFIX, lease = 30_000, pollInterval = 100, timeout = 10_000 } = options;
  const connection = withTimeout(options.connection, timeout);
  return { connection, prefix, lease, pollInterval, timeout };
}

/** @throws {TypeError} If it is none, or one transaction: a pool must be given. */
export function checkConnection(action: string, connection: SqlConnection): void {
  check(action, "connection", connection, OBJECT);
  check(action, "connection.query", connection.query, FUNCTION);
  const must = "there: what was given is one transaction or client, and a pool is needed";
  check(action, "connection.transaction", connection.transaction, [must, "function"]);
}
