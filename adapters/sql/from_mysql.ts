import type { SqlConnection, SqlRow, SqlSession, SqlValue } from "./contracts.ts";
import { Buffer } from "node:buffer";
import { mariadb } from "./mariadb_dialect.ts";

/** The part of a connection of `mysql2/promise` that is needed. */
export interface MysqlTx {
  /** Executes a prepared statement. */
  // deno-lint-ignore no-explicit-any -- Its own types of rows and values are not ours.
  execute(sql: string, values?: any): Promise<[any, any]>;
  /** Executes a statement. */
  // deno-lint-ignore no-explicit-any
  query(sql: string, values?: any): Promise<[any, any]>;
}

/** The part of a pool of `mysql2/promise` that is needed. */
export interface MysqlPool<Tx extends MysqlTx = MysqlTx> extends MysqlTx {
  /** Takes a connection out of the pool. */
  getConnection(): Promise<Tx & { release(): void; destroy(): void }>;
}

/** For the next transaction: else it would lock the gaps into which others want to publish. */
const READ_COMMITTED = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

/** Takes a pool of the package `mysql2/promise`: MariaDB. */
export function fromMysql<Tx extends MysqlTx>(pool: MysqlPool<Tx>): SqlConnection<Tx>;
/** Takes a connection of the package `mysql2/promise` that is in a transaction. */
export function fromMysql(connection: MysqlTx): SqlSession;
export function fromMysql<Tx extends MysqlTx>(
  client: MysqlTx | MysqlPool<Tx>,
): SqlSession | SqlConnection<Tx> {
  const session: SqlSession = {
    dialect: mariadb,
    async query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
      // What makes tables and triggers cannot be prepared.
      const [rows] = values.length === 0
        ? await client.query(sql)
        : await client.execute(sql, values.map(toMysql));
      if (!Array.isArray(rows)) return [];
      // A compound statement has results, of which the first is what was asked for.
      return Array.isArray(rows[0]) ? rows[0] : rows;
    },
  };
  if (!("getConnection" in client)) return session;
  return {
    ...session,
    async alone(sql, values) {
      const own = await client.getConnection();
      let isBroken = true;
      try {
        // One way to the server for both; a statement outside of a transaction is the next one.
        const both = `BEGIN NOT ATOMIC ${READ_COMMITTED}; ${sql}; END`;
        const rows = await fromMysql(own as MysqlTx).query(both, values);
        isBroken = false;
        return rows;
      } finally {
        // The server closes one that has sent too much, and whoever got it next would hear of it.
        if (isBroken) own.destroy();
        else own.release();
      }
    },
    async transaction<T>(work: (session: SqlSession, tx: Tx) => T | Promise<T>): Promise<T> {
      const own = await client.getConnection();
      let isBroken = false;
      try {
        await own.query(READ_COMMITTED);
        await own.query("START TRANSACTION");
        const result = await work(fromMysql(own as MysqlTx), own);
        await own.query("COMMIT");
        return result;
      } catch (error) {
        await own.query("ROLLBACK").catch(() => isBroken = true);
        throw error;
      } finally {
        if (isBroken) own.destroy();
        else own.release();
      }
    },
  };
}

/** Prepared statements of mysql2 take a Buffer for bytes, and a number for a DOUBLE: not for a LIMIT. */
function toMysql(value: SqlValue): unknown {
  if (typeof value === "number") return String(value);
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length)
    : value;
}
