import { describe } from "@std/testing/bdd";
import { newUuid } from "@beat/beat/message";
import { withService } from "../../../tests/_services/mod.ts";
import { migrate } from "../mod.ts";
import { newFile, type Opened, openMysql, openPg, openPostgres, openSqlite } from "./servers.ts";

/** A database with tables that no other test has. */
export interface Fresh {
  /** Opens another client of it. */
  open(): Promise<Opened>;
  /** What the names of its tables begin with. */
  readonly prefix: string;
}

/** Registers tests that must hold on every database; those whose server is not there are skipped. */
export function onEveryDatabase(
  register: (name: string, fresh: () => Promise<Fresh>) => void,
): void {
  const on = (name: string, open: () => Promise<Opened>) => {
    describe(name, () => register(name, () => prepare(open)));
  };
  const file = newFile();
  on("SQLite", () => openSqlite(file));
  withService("postgres", "BEAT_POSTGRES_URL", ({ url }) => {
    on("PostgreSQL by postgres", () => openPostgres(url));
    on("PostgreSQL by pg", () => openPg(url));
  });
  withService("mariadb", "BEAT_MARIADB_URL", ({ url }) => {
    on("MariaDB by mysql2", () => openMysql(url));
  });
}

async function prepare(open: () => Promise<Opened>): Promise<Fresh> {
  const prefix = `t${newUuid().replace(/-/g, "").slice(0, 12)}_`;
  const { connection, close } = await open();
  await migrate(connection, { prefix });
  await close();
  return { open, prefix };
}

/** Runs a test with clients that are closed at its end. */
export async function using(
  fresh: Fresh,
  count: number,
  test: (clients: readonly Opened[]) => Promise<void>,
): Promise<void> {
  const clients = await Promise.all(Array.from({ length: count }, () => fresh.open()));
  try {
    await test(clients);
  } finally {
    await Promise.all(clients.map(({ close }) => close()));
  }
}
