import type { SqlConnection, SqlRow, SqlSession, SqlValue, SyncSqlSession } from "./contracts.ts";
import { sqlite } from "./sqlite_dialect.ts";

/** The part of a SQLite handle that is needed: `DatabaseSync` of `node:sqlite`, `Database` of `bun:sqlite`. */
export interface SqliteHandle {
  /** Compiles a statement. */
  prepare(sql: string): SqliteStatement;
  /** Executes a statement that has no values. */
  exec(sql: string): unknown;
}

/** The part of a compiled statement that is needed. */
export interface SqliteStatement {
  /** Executes it; what it returns are its rows. */
  // deno-lint-ignore no-explicit-any -- Clients differ in what they take.
  all(...values: any[]): unknown[];
}

/** A connection to SQLite: what it executes is done when `query` returns. */
export interface SqliteConnection<Handle extends SqliteHandle = SqliteHandle>
  extends SqlConnection<Handle>, SyncSqlSession {
  /** Executes a statement that has a `?` for each value; what it returns are its rows. */
  query(sql: string, values: readonly SqlValue[]): readonly SqlRow[];
}

/** Statements that are kept compiled. */
const CAPACITY = 128;

/**
 * Takes a handle of SQLite. Give a transport a handle of its own: while somebody else has a transaction
 * open on it, the transport can only wait.
 *
 * @example Publish in a transaction of SQLite
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { fromSqlite, migrate, publishInTx } from "@beat/sql";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const handle = new DatabaseSync(":memory:");
 * const connection = fromSqlite(handle);
 * await migrate(connection);
 *
 * handle.exec("BEGIN");
 * publishInTx(connection, "orders", new Message("paid"));
 * handle.exec("COMMIT");
 * assertEquals(connection.query("SELECT topic FROM beat_messages", []).length, 1);
 * ```
 */
export function fromSqlite<Handle extends SqliteHandle>(handle: Handle): SqliteConnection<Handle> {
  const statements = new Map<string, SqliteStatement>();
  const compile = (sql: string): SqliteStatement => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = handle.prepare(sql);
      if (statements.size >= CAPACITY) statements.delete(statements.keys().next().value!);
      statements.set(sql, statement);
    }
    return statement;
  };
  const session: SyncSqlSession = {
    dialect: sqlite,
    query: (sql, values) => compile(sql).all(...values) as SqlRow[],
  };
  return {
    ...session,
    transaction<T>(work: (session: SqlSession, tx: Handle) => T | Promise<T>): T | Promise<T> {
      handle.exec("BEGIN IMMEDIATE");
      try {
        const result = work(session, handle);
        if (result instanceof Promise) {
          result.catch(() => {});
          throw new TypeError("Cannot wait within a transaction of SQLite: others use its handle");
        }
        handle.exec("COMMIT");
        return result;
      } catch (error) {
        rollBack(handle);
        throw error;
      }
    },
  };
}

/** Some errors have ended the transaction already. */
function rollBack(handle: SqliteHandle): void {
  try {
    handle.exec("ROLLBACK");
  } catch {
    // There is nothing to roll back.
  }
}
