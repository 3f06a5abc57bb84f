import { type SqliteHandle } from "../mod.ts";

/** Opens a database of SQLite in memory, or in a file. */
export async function openSqlite(path = ":memory:"): Promise<SqliteHandle & { close(): void }> {
  if ("Bun" in globalThis) {
    const { Database } = await import("bun:" + "sqlite");
    return new Database(path, { create: true });
  }
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(path);
}
