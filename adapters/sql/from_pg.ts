import type { SqlConnection, SqlRow, SqlSession, SqlValue } from "./contracts.ts";
import { numbered } from "./placeholders.ts";
import { postgres } from "./postgres_dialect.ts";

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
  connect(): Promise<Client & PgPooled>;
}

/** The part of a client that was taken out of a pool. */
export interface PgPooled {
  /** Gives it back; `true` closes it. */
  release(isBroken?: boolean): void;
  /** Adds a listener. */
  on(event: "error", listener: () => void): unknown;
  /** Removes a listener. */
  off(event: "error", listener: () => void): unknown;
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
      let isBroken = false;
      // The statement that is under way, or the next one, says so, too; unheard it ends the process.
      const hear = () => isBroken = true;
      own.on("error", hear);
      try {
        await own.query("BEGIN");
        const result = await work(fromPg(own as PgClient), own);
        await own.query("COMMIT");
        return result;
      } catch (error) {
        await own.query("ROLLBACK").catch(hear);
        throw error;
      } finally {
        own.off("error", hear);
        own.release(isBroken);
      }
    },
  };
}
