import { describe } from "@std/testing/bdd";
import { newUuid } from "@beat/beat/message";
import process from "node:process";
import { type TestService, withService } from "../../../tests/_services/mod.ts";
import { migrate } from "../mod.ts";
import { type Client, newFile, open, type Opened } from "./servers.ts";

/** A database with tables that no other test has. */
export interface Fresh {
  /** By what, and where, other processes open it. */
  readonly at: readonly [client: Client, url: string];
  /** Opens another client of it. */
  open(): Promise<Opened>;
  /** What the names of its tables begin with. */
  readonly prefix: string;
  /** Restarts its server in good order, where it has one that was started here. */
  readonly renew: TestService["renew"];
}

/** A database that is there. */
export interface Database {
  readonly name: string;
  readonly client: Client;
  readonly url: string;
  /** The server of SQLite is the process itself. */
  readonly restart?: TestService["restart"];
  readonly renew?: TestService["renew"];
}

/** Deno takes the time for both; Bun and Node have one each. */
const POSTGRES_CLIENTS: readonly Client[] = "Deno" in globalThis
  ? ["postgres", "pg"]
  : "Bun" in globalThis
  ? ["postgres"]
  : ["pg"];

/**
 * Registers tests on each server that the environment names, by each client. SQLite needs none: it is
 * tested where none is named, so that each database has a run of its own.
 */
export function onEachDatabase(register: (database: Database) => void): void {
  const names = { postgres: "BEAT_POSTGRES_URL", mariadb: "BEAT_MARIADB_URL" };
  const on = (database: Database) => describe(database.name, () => register(database));
  const isServed = Object.values(names).some((name) => Boolean(process.env[name]));
  if (!isServed) on({ name: "SQLite", client: "sqlite", url: newFile() });
  if (!isServed || process.env[names.postgres]) {
    withService("postgres", names.postgres, ({ url, restart, renew }) => {
      for (const client of POSTGRES_CLIENTS) {
        on({ name: `PostgreSQL by ${client}`, client, url, restart, renew });
      }
    });
  }
  if (!isServed || process.env[names.mariadb]) {
    withService("mariadb", names.mariadb, ({ url, restart, renew }) => {
      on({ name: "MariaDB by mysql2", client: "mysql", url, restart, renew });
    });
  }
}

/** Registers tests that must hold on every database, with tables of their own. */
export function onEveryDatabase(
  register: (name: string, fresh: () => Promise<Fresh>) => void,
): void {
  onEachDatabase((database) => register(database.name, () => prepare(database)));
}

async function prepare({ client, url, renew }: Database): Promise<Fresh> {
  const prefix = `t${newUuid().replace(/-/g, "").slice(0, 12)}_`;
  const { connection, close } = await open(client, url);
  await migrate(connection, { prefix });
  await close();
  return { at: [client, url], open: () => open(client, url), prefix, renew };
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
