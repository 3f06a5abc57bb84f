import { run } from "../_process.ts";
import { findPackaged } from "./_debian.ts";
import type { Place, Server } from "./_server.ts";

const USER = "postgres";
/** PostgreSQL refuses to be root. */
const AS_USER = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--init-groups"];
const VERSIONS = "/usr/lib/postgresql";

/** PostgreSQL; every commit is on the disk before it is confirmed. */
export const postgres: Server = {
  name: "postgres",
  variable: "BEAT_POSTGRES_URL",
  // The other signal waits until the last client has gone.
  stopSignal: "SIGINT",

  find: (install) => findPackaged("postgresql", programs, install),

  async prepare(program, place) {
    await Deno.chmod(place.folder, 0o755);
    await Deno.mkdir(dataOf(place));
    await expect(["chown", `${USER}:`, dataOf(place)]);
    const initdb = beside(program, "initdb");
    await expect(asUser([initdb, "--auth=trust", "--no-sync", "--pgdata", dataOf(place)]));
  },

  // Where nobody buries processes that were killed, their numbers seem to be in use for ever.
  clean: (place) => Deno.remove(`${dataOf(place)}/postmaster.pid`).catch(() => {}),

  command: (program, place) =>
    asUser([
      program,
      ...["-D", dataOf(place), "-p", String(place.port)],
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
      ...["-c", "fsync=on", "-c", "synchronous_commit=on"],
      // A hundred, as by default, is what one test of the conformance suite opens.
      ...["-c", "max_connections=400"],
    ]),

  async isReady(program, { port }) {
    const command = [
      beside(program, "pg_isready"),
      "-q",
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      USER,
    ];
    return (await run(command)).code === 0;
  },

  url: ({ port }) => `postgres://${USER}@127.0.0.1:${port}/${USER}`,
};

/** Debian has a folder per version; the newest comes first. */
function programs(): string[] {
  try {
    return [...Deno.readDirSync(VERSIONS)].map(({ name }) => name)
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => `${VERSIONS}/${version}/bin/postgres`);
  } catch {
    return [];
  }
}

function beside(program: string, name: string): string {
  return program.replace(/[^/]*$/, name);
}

function dataOf({ folder }: Place): string {
  return `${folder}/data`;
}

function asUser(command: string[]): string[] {
  return Deno.uid() === 0 ? [...AS_USER, "--", ...command] : command;
}

async function expect(command: string[]): Promise<void> {
  const { code, output } = await run(command);
  if (code !== 0) throw new Error(`${command[0]} failed: ${output.trim()}`);
}
