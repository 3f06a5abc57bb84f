import { conformance } from "@beat/beat/testing";
import type { Traits, Transport } from "@beat/beat/transport";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { migrate, sqlTransport } from "./mod.ts";
import {
  newFile,
  type Opened,
  openMysql,
  openPg,
  openPostgres,
  openSqlite,
} from "./testdata/servers.ts";

const LEASE = 4_000;

const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: LEASE,
  counts: true,
  retained: true,
  groups: true,
  keyOrder: "group",
};

/** Only Deno takes the time for the whole of it, and for one client of a server. */
const isDeno = "Deno" in globalThis;

describe("SQLite", () => {
  const file = newFile();
  suite(() => openSqlite(file), { inProcess: true });
});

withService("postgres", "BEAT_POSTGRES_URL", ({ url, restart }) => {
  const restarting = restart === undefined ? {} : { restartBroker: restart };
  describe("PostgreSQL by postgres", () => suite(() => openPostgres(url), restarting));
  describe("PostgreSQL by pg", () => {
    suite(() => openPg(url), { ...restarting, short: true });
  });
});

withService("mariadb", "BEAT_MARIADB_URL", ({ url, restart }) => {
  const restarting = restart === undefined ? {} : { restartBroker: restart };
  describe("MariaDB by mysql2", () => suite(() => openMysql(url), restarting));
});

function suite(open: () => Promise<Opened>, options: object): void {
  let migrated: Promise<void> | undefined;
  const connect = async (): Promise<Transport> => {
    const { connection, close } = await open();
    await (migrated ??= migrate(connection, { prefix: "conformance_" }));
    const transport = sqlTransport({
      connection,
      prefix: "conformance_",
      lease: LEASE,
      pollInterval: 20,
      timeout: 5_000,
    });
    let closing: Promise<void> | undefined;
    return { ...transport, close: () => closing ??= transport.close().then(close) };
  };
  // A commit waits for the disk, and ten thousand messages take a while.
  conformance({ test: it, connect, traits: TRAITS, short: !isDeno, deadline: 40_000, ...options });
}
