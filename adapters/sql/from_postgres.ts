import type { SqlConnection, SqlRow, SqlSession, SqlValue } from "./contracts.ts";
import { numbered } from "./placeholders.ts";
import { postgres } from "./postgres_dialect.ts";

/** The part of a transaction of `postgres` that is needed. */
export interface PostgresTx {
  /** Executes a statement whose values are `$1`, `$2`, … */
  // deno-lint-ignore no-explicit-any -- Its own types of rows and values are not ours.
  unsafe(sql: string, values?: any[], options?: { prepare?: boolean }): PromiseLike<readonly any[]>;
}

/** The part of a client of `postgres` that is needed. */
export interface PostgresClient<Tx extends PostgresTx = PostgresTx> extends PostgresTx {
  /** Runs a function in a transaction. */
  begin<T>(work: (tx: Tx) => T | Promise<T>): Promise<unknown>;
}

/** What {@linkcode fromPostgres} takes. */
export interface PostgresOptions {
  /** Whether statements are prepared; a pooler that hands out transactions may not bear it. @default {true} */
  prepare?: boolean;
}

/** Takes a client of the package `postgres`: PostgreSQL. */
export function fromPostgres<Tx extends PostgresTx>(
  client: PostgresClient<Tx>,
  options?: PostgresOptions,
): SqlConnection<Tx>;
/** Takes a transaction of the package `postgres`: `sql.begin(async (tx) => …)`. */
export function fromPostgres(tx: PostgresTx, options?: PostgresOptions): SqlSession;
export function fromPostgres<Tx extends PostgresTx>(
  client: PostgresTx | PostgresClient<Tx>,
  { prepare = true }: PostgresOptions = {},
): SqlSession | SqlConnection<Tx> {
  const session: SqlSession = {
    dialect: postgres,
    async query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
      return [...await client.unsafe(numbered(sql), [...values], { prepare })];
    },
  };
  if (!("begin" in client)) return session;
  return {
    ...session,
    async transaction<T>(work: (session: SqlSession, tx: Tx) => T | Promise<T>): Promise<T> {
      return await client.begin(async (tx) => {
        return await work(fromPostgres(tx as PostgresTx, { prepare }), tx);
      }) as T;
    },
  };
}
