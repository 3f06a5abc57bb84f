/**
 * Databases as brokers of `@beat/beat`, and the outbox: PostgreSQL, MariaDB and SQLite.
 *
 * ```ts
 * import { fromSqlite, migrate, sqlSubscriber } from "@beat/sql";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const connection = fromSqlite(new DatabaseSync(":memory:"));
 * await migrate(connection);
 * const orders = sqlSubscriber({ connection });
 * await orders.close();
 * ```
 *
 * @module
 */

export { fromSqlite } from "./from_sqlite.ts";
export type { SqliteConnection, SqliteHandle, SqliteStatement } from "./from_sqlite.ts";
export { fromPostgres } from "./from_postgres.ts";
export type { PostgresClient, PostgresOptions, PostgresTx } from "./from_postgres.ts";
export { fromPg, type PgClient, type PgPool, type PgPooled } from "./from_pg.ts";
export { fromMysql, type MysqlPool, type MysqlTx } from "./from_mysql.ts";
export type {
  Passed,
  Piece,
  Plan,
  Position,
  Queue,
  SqlConnection,
  SqlDialect,
  SqlRow,
  SqlSession,
  SqlValue,
  Statement,
  Stretch,
  SyncSqlSession,
  Ticket,
} from "./contracts.ts";
export type { Tables } from "./tables.ts";
export { migrate, schema, type TableOptions } from "./schema.ts";
export { type SqlTransport, sqlTransport } from "./sql_transport.ts";
export type { SqlTransportOptions } from "./options.ts";
export type { SqlAdmin, SqlTopicConfig } from "./topic_config.ts";
export { sqlPublisher, sqlSubscriber } from "./faces.ts";
export { publishInTx } from "./publish_in_tx.ts";
export { relay, type RelayFailure, type RelayOptions } from "./relay.ts";
export {
  type DeadRow,
  deadRows,
  type DeadRowsOptions,
  discardDeadRows,
  replayDeadRows,
  type ReplayOptions,
} from "./dead_rows.ts";
export { sweep, type SweepOptions, type Swept } from "./retention.ts";
export { type SqlStore, sqlStore } from "./sql_store.ts";
export { onceInTx, type OnceInTxOptions, type OnceInTxResult } from "./once_in_tx.ts";
export { SqlTimeoutError } from "./timeout.ts";
