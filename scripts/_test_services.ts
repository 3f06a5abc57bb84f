import { down, findServer, programOf, status, up, type UpOptions } from "./_services.ts";

/** What a suite gets to know of its servers, or why it cannot run. */
export type TestServices = { readonly env: Record<string, string> } | { readonly missing: string };

const started = new Set<string>();

/**
 * Finds the servers of a suite, starting those that are not there. One that the environment names is
 * left as it is; `BEAT_SERVICES=skip` has none touched.
 */
export async function findTestServices(
  names: readonly string[],
  install: boolean,
  options: UpOptions = {},
): Promise<TestServices> {
  if (names.length === 0) return { env: {} };
  if (Deno.env.get("BEAT_SERVICES") === "skip") return { missing: "BEAT_SERVICES=skip was given" };
  const env: Record<string, string> = {};
  for (const name of names) {
    const server = findServer(name);
    if (Deno.env.has(server.variable)) continue;
    // Before it is there: who interrupts the start must not be left with it.
    if ("missing" in status(server)) started.add(name);
    const service = await up(server, install, options);
    if ("missing" in service) return service;
    env[server.variable] = service.url;
    // Tests that need a server of their own run another one.
    env[server.variable.replace(/URL$/, "PROGRAM")] = programOf(server)!;
    // Tests stop and start it by the script of this repository, whatever runtime they run on.
    env.BEAT_DENO = Deno.execPath();
  }
  return { env };
}

/** Ends what {@linkcode findTestServices} has started. */
export async function endTestServices(): Promise<void> {
  for (const name of started) await down(findServer(name));
  started.clear();
}
