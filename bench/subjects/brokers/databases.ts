/**
 * The databases of the questions, by clients whose pools have the same size for all.
 *
 * @module
 */
import { fromMysql, fromPostgres, fromSqlite, type SqlConnection } from "@beat/sql";
import { newFile, openHandle } from "../../../adapters/sql/testdata/servers.ts";
import { urlOf } from "./places.ts";

/** A database that can be asked. */
export interface OpenDatabase {
  readonly connection: SqlConnection;
  close(): Promise<unknown>;
}

/** Connections of a pool. */
export const POOL = 8;

/** The file of this process. */
let file: string | undefined;

/** Opens a database; `url` is the file of SQLite where it is another process's. */
export async function openDatabase(name: string, url?: string): Promise<OpenDatabase> {
  if (name === "postgres") {
    const sql = await openPostgres();
    return { connection: fromPostgres(sql), close: () => sql.end({ timeout: 1 }) };
  }
  if (name === "mariadb") {
    const pool = await openMariadb();
    return { connection: fromMysql(pool), close: () => pool.end() };
  }
  const handle = await openSqlite(url);
  // deno-lint-ignore require-await
  return { connection: fromSqlite(handle), close: async () => handle.close() };
}

/** By the package `postgres`. */
export async function openPostgres() {
  const { default: postgres } = await import("postgres");
  return postgres(urlOf("postgres"), { max: POOL, onnotice: () => {} });
}

/** By the package `mysql2`. */
export async function openMariadb() {
  const { createConnection, createPool } = await import("mysql2/promise");
  const url = urlOf("mariadb");
  // The database that a server begins with is its own, and takes no triggers.
  const first = await createConnection(url);
  await first.query("CREATE DATABASE IF NOT EXISTS beat_bench");
  await first.end();
  const own = new URL(url);
  own.pathname = "beat_bench";
  return createPool({ uri: own.href, connectionLimit: POOL });
}

/** In a file of this process, unless told otherwise; what is confirmed is on the disk. */
export async function openSqlite(path: string = file ??= newFile()) {
  const handle = await openHandle(path);
  handle.exec("PRAGMA journal_mode = WAL");
  handle.exec("PRAGMA synchronous = FULL");
  handle.exec("PRAGMA busy_timeout = 5000");
  return handle;
}
