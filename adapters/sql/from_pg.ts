import { numbered } from "./placeholders.ts";
import { postgres } from "./postgres_dialect.ts";
import type { SqlConnection, SqlRow, SqlSession, SqlValue } from "./session.ts";

/** The part of a client of `pg` that is needed. */
export interface PgClient {
  /** Executes a statement whose values are `$1`, `$2`, … */
  // deno-lint-ignore no-explicit-any -- Its own types of rows and values are not ours.
  query(sql: string, values?: any[]): Promise<{ rows: readonly any[] }>;
}

/** The part of a pool of `pg` that is needed. */
export interface PgPool<Client extends PgClient = PgClient> extends PgClient {
  /** Connections that it has. */
  readonly totalCount: number;
  /** Takes a connection out of the pool. */
  connect(): Promise<Client & { release(error?: Error | boolean): void }>;
}

/** Takes a pool of the package `pg`: PostgreSQL. */
export function fromPg<Client extends PgClient>(pool: PgPool<Client>): SqlConnection<Client>;
/** Takes a client of the package `pg` that is in a transaction. */
export function fromPg(client: PgClient): SqlSession;
export function fromPg<Client extends PgClient>(
  client: PgClient | PgPool<Client>,
): SqlSession | SqlConnection<Client> {
  const session: SqlSession = {
    dialect: postgres,
    async query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
      return (await client.query(numbered(sql), [...values])).rows;
    },
  };
  // A client can `connect`, too, but to the server.
  if (!("totalCount" in client)) return session;
  return {
    ...session,
    async transaction<T>(work: (session: SqlSession, tx: Client) => T | Promise<T>): Promise<T> {
      const own = await client.connect();
      let failure: unknown;
      try {
        await own.query("BEGIN");
        const result = await work(fromPg(own as PgClient), own);
        await own.query("COMMIT");
        return result;
      } catch (error) {
        await own.query("ROLLBACK").catch((cause) => failure = cause);
        throw error;
      } finally {
        own.release(failure !== undefined);
      }
    },
  };
}
