import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import type { SqlConnection, SqliteHandle } from "../mod.ts";
import { fromMysql, fromPg, fromPostgres, fromSqlite } from "../mod.ts";

/** Servers let in about a hundred, and a test opens a hundred clients. */
const CONNECTIONS = 4;
/** Milliseconds after which a client gives back what it does not use. */
const IDLE = 1_000;

/** A database that a test has opened. */
export interface Opened<Tx = unknown> {
  readonly connection: SqlConnection<Tx>;
  /** Closes the client that the test owns. */
  close(): Promise<void>;
}

/** A client of a database. */
export type Client = "sqlite" | "postgres" | "pg" | "mysql";

/** Opens a database; for SQLite the URL is the path of its file. */
export function open(client: Client, url: string): Promise<Opened> {
  const ways = { sqlite: openSqlite, postgres: openPostgres, pg: openPg, mysql: openMysql };
  return ways[client](url);
}

/** Opens SQLite: that of Bun on Bun, that of Node everywhere else. */
export async function openHandle(
  path = ":memory:",
): Promise<SqliteHandle & { close(): void }> {
  if ("Bun" in globalThis) {
    // Not a literal, as others would look for it.
    const { Database } = await import(["bun", "sqlite"].join(":"));
    return new Database(path, { create: true });
  }
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(path);
}

/** Opens a database of SQLite; one in a file can be opened several times. */
export async function openSqlite(path?: string): Promise<Opened> {
  const handle = await openHandle(path);
  handle.exec("PRAGMA journal_mode = WAL");
  // What survives the end of a process is enough for a test.
  handle.exec("PRAGMA synchronous = NORMAL");
  handle.exec("PRAGMA busy_timeout = 5000");
  // deno-lint-ignore require-await
  return { connection: fromSqlite(handle), close: async () => handle.close() };
}

/** The path of a file that is not there yet, in a folder that goes when the process ends. */
export function newFile(): string {
  const folder = mkdtempSync(`${tmpdir()}/beat-sql-`);
  process.on("exit", () => rmSync(folder, { recursive: true }));
  return `${folder}/test.db`;
}

/** Milliseconds before a test hears that its connection is broken, or that a server does not let it in. */
const PATIENCE = 300;
const BROKEN = /^(57P|08|E[A-Z]+$|CONNECTION_)/;

/**
 * PostgreSQL starts a process for each who asks to be let in, while it starts itself, too: a hundred
 * clients that ask again at once keep it from ever being ready.
 */
function patient<Tx>(connection: SqlConnection<Tx>, onBroken = () => {}): SqlConnection<Tx> {
  const wait = async (error: unknown): Promise<never> => {
    const { code } = Object(error) as { code?: unknown };
    if (BROKEN.test(String(code))) {
      onBroken();
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    }
    throw error;
  };
  return {
    dialect: connection.dialect,
    query: (sql, values) => Promise.resolve(connection.query(sql, values)).catch(wait),
    transaction: (work) => Promise.resolve(connection.transaction(work)).catch(wait),
  };
}

/** Opens PostgreSQL by the package `postgres`. */
export async function openPostgres(url: string): Promise<Opened> {
  const { default: postgres } = await import("postgres");
  const client = postgres(url, {
    max: CONNECTIONS,
    idle_timeout: IDLE / 1_000,
    backoff: () => 0.1,
    onnotice: () => {},
  });
  // It waits as long as it may for a connection that has broken; a test closes a hundred in turn.
  let timeout = 1;
  const connection = patient(fromPostgres(client), () => timeout = 0.01);
  return { connection, close: () => client.end({ timeout }) };
}

/** Opens PostgreSQL by the package `pg`. */
export async function openPg(url: string): Promise<Opened> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, idleTimeoutMillis: IDLE });
  pool.on("error", () => {});
  const close = async () => {
    // Who waits for a client of a pool that has ended waits for ever.
    while (pool.waitingCount > 0) await pool.query("SELECT 1").catch(() => {});
    await pool.end();
  };
  return { connection: patient(fromPg(pool)), close };
}

let isMade: Promise<void> | undefined;

/** Opens MariaDB by the package `mysql2`. */
export async function openMysql(url: string): Promise<Opened> {
  const { createConnection, createPool } = await import("mysql2/promise");
  // The database that a server begins with is its own, and takes no triggers.
  const own = new URL(url);
  own.pathname = "/beat_test";
  await (isMade ??= (async () => {
    const connection = await createConnection(url);
    await connection.query("CREATE DATABASE IF NOT EXISTS beat_test");
    await connection.end();
  })());
  const pool = createPool({
    uri: own.href,
    connectionLimit: CONNECTIONS,
    maxIdle: 1,
    idleTimeout: IDLE,
  });
  return { connection: fromMysql(pool), close: () => pool.end() };
}
