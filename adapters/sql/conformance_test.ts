import { conformance } from "@beat/beat/testing";
import type { Traits, Transport } from "@beat/beat/transport";
import { it } from "@std/testing/bdd";
import { ConformanceRun } from "../../tests/_services/conformance_run.ts";
import { migrate, sqlTransport } from "./mod.ts";
import { onEachDatabase } from "./testdata/databases.ts";
import { open } from "./testdata/servers.ts";

const LEASE = 2_000;

const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: LEASE,
  counts: true,
  retained: true,
  groups: true,
  keyOrder: "group",
};

/** Milliseconds between two looks, and where a look is to end before its time. */
const POLL = 20;
const SLOW_POLL = 300;

const isDeno = "Deno" in globalThis;

onEachDatabase(({ client, url, restart }) => {
  // Node runs it by this client.
  if (isDeno && client === "pg") return;
  let migrated: Promise<void> | undefined;
  let isSlow = false;
  const connect = async (): Promise<Transport> => {
    const { connection, close } = await open(client, url);
    await (migrated ??= migrate(connection, { prefix: "conformance_" }));
    const transport = sqlTransport({
      connection,
      prefix: "conformance_",
      lease: LEASE,
      pollInterval: isSlow ? SLOW_POLL : POLL,
      timeout: 5_000,
    });
    let closing: Promise<void> | undefined;
    return { ...transport, close: () => closing ??= transport.close().then(close) };
  };
  conformance({
    test: new ConformanceRun(it).test,
    connect,
    traits: TRAITS,
    // A test names its topics before it connects.
    topic({ test, name }) {
      isSlow = test.startsWith("fetch: ends");
      return name;
    },
    // Only Deno takes the time for the whole of it.
    short: !isDeno,
    // A commit waits for the disk, and ten thousand messages take a while.
    deadline: 40_000,
    // A server of somebody else is not restarted: to the suite it is as if it could not be.
    ...(restart === undefined ? { inProcess: true } : { restartBroker: restart }),
  });
});
