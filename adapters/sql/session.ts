import type { SqlDialect } from "./dialect.ts";

/** What goes into a statement. */
export type SqlValue = string | number | Uint8Array | null;

/** A row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Where statements are executed: a pool, or one transaction. */
export interface SqlSession {
  /** How this database is spoken to. */
  readonly dialect: SqlDialect;
  /** Executes a statement that has a `?` for each value; what it returns are its rows. */
  query(
    sql: string,
    values: readonly SqlValue[],
  ): readonly SqlRow[] | Promise<readonly SqlRow[]>;
}

/** A session that executes while it is called, as SQLite's. */
export interface SyncSqlSession extends SqlSession {
  /** Executes a statement that has a `?` for each value; what it returns are its rows. */
  query(sql: string, values: readonly SqlValue[]): readonly SqlRow[];
}

/** A database that can begin transactions; `Tx` is what its client calls one. */
export interface SqlConnection<Tx = unknown> extends SqlSession {
  /**
   * Runs `work` in a transaction of its own, which is rolled back if it throws. Where sessions are
   * synchronous, `work` must be, too.
   */
  transaction<T>(work: (session: SqlSession, tx: Tx) => T | Promise<T>): T | Promise<T>;
}

/** A statement and its values. */
export type Statement = readonly [sql: string, values?: readonly SqlValue[]];

/**
 * Statements, each of which may depend on the rows of those before: written once, it is executed
 * synchronously on SQLite and asynchronously elsewhere.
 */
export type Plan<T> = Generator<Statement, T, readonly SqlRow[]>;

/** Executes a plan; what it returns is a promise only where the session's rows are. */
export function run<T>(session: SqlSession, plan: Plan<T>): T | Promise<T> {
  let step = plan.next();
  while (!step.done) {
    const [sql, values = []] = step.value;
    const rows = session.query(sql, values);
    if (rows instanceof Promise) return finish(session, plan, rows);
    step = plan.next(rows);
  }
  return step.value;
}

/** Executes a plan in a transaction of its own. */
export async function transact<T>(connection: SqlConnection, plan: () => Plan<T>): Promise<T> {
  return await connection.transaction((session) => run(session, plan()));
}

/**
 * Executes a plan of one statement, which needs no transaction: but for one handle that all share,
 * where it could become part of what somebody else has begun and will roll back.
 */
export async function execute<T>(connection: SqlConnection, plan: () => Plan<T>): Promise<T> {
  const { isShared } = connection.dialect;
  return isShared ? await transact(connection, plan) : await run(connection, plan());
}

async function finish<T>(
  session: SqlSession,
  plan: Plan<T>,
  first: Promise<readonly SqlRow[]>,
): Promise<T> {
  let step = plan.next(await first);
  while (!step.done) {
    const [sql, values = []] = step.value;
    step = plan.next(await session.query(sql, values));
  }
  return step.value;
}
