import { statfsSync } from "node:fs";
import { exists, ROOT_URL } from "./_files.ts";
import type { Place, Server } from "./services/_server.ts";
import { kafka } from "./services/kafka.ts";
import { mariadb } from "./services/mariadb.ts";
import { natsDebian, natsDefault, natsNewest } from "./services/nats.ts";
import { postgres } from "./services/postgres.ts";
import { redis } from "./services/redis.ts";

/** All servers that tests run against. */
export const SERVERS: readonly Server[] = [redis, natsNewest, natsDebian, kafka, postgres, mariadb];

/** Those that only benches ask for, by their names. */
const UNTESTED: readonly Server[] = [natsDefault];

/** A server that was started. It stays known after it was killed: it can be started with what it has. */
interface Started extends Place {
  readonly program: string;
  readonly pid: number;
}

/** Either where a server is, or why there is none. */
export type Service = { readonly url: string } | { readonly missing: string };

const STATE = new URL(".runtimes/services.json", ROOT_URL);
/** Milliseconds that a server may take to start or to stop. */
const LIMIT = 60_000;
const GLANCE = 50;
const PORTS = [10_000, 32_000] as const;
/** Where Linux keeps files in memory, and the bytes that all servers together may need there. */
const MEMORY = "/dev/shm";
const ROOM = 4 * 2 ** 30;

/** Options of {@linkcode up}. */
export interface UpOptions {
  /**
   * Whether its files may be kept in memory, where there is room. It writes and syncs as ever, and who is
   * killed leaves what it has confirmed: only the machine must not fail.
   *
   * @default {false}
   */
  inMemory?: boolean;
}

/** Finds a server by its name. */
export function findServer(name: string): Server {
  const all = [...SERVERS, ...UNTESTED];
  const server = all.find((one) => one.name === name);
  if (server !== undefined) return server;
  const names = all.map((one) => one.name).join(", ");
  throw new RangeError(`No server is named ${name}; there are ${names}`);
}

/** Tells where a server is, starting it first if it is not there. */
export async function up(
  server: Server,
  install: boolean,
  { inMemory = false }: UpOptions = {},
): Promise<Service> {
  const known = readState()[server.name];
  if (known !== undefined && isRunning(known)) return { url: server.url(known) };
  const isThere = known !== undefined && isFolder(known.folder);
  try {
    const started = isThere ? known : await place(server, install, inMemory);
    if ("missing" in started) return started;
    await start(server, started);
    return { url: server.url(started) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** What a server is run by, if it was started here. */
export function programOf(server: Server): string | undefined {
  return readState()[server.name]?.program;
}

/** Ends a server and what it has; tells whether there was one. */
export async function down(server: Server): Promise<boolean> {
  const known = readState()[server.name];
  if (known === undefined) return false;
  await end(known, server.stopSignal);
  await remember(server, undefined);
  if (isFolder(known.folder)) await Deno.remove(known.folder, { recursive: true });
  return true;
}

/** Ends a server as a crash would; what it has stored stays, and {@linkcode up} starts it again. */
export async function kill(server: Server): Promise<void> {
  const known = readState()[server.name];
  if (known !== undefined) await end(known, "SIGKILL");
}

/** Has a server stand still: its connections stay open, and nothing comes by them until {@linkcode thaw}. */
export function freeze(server: Server): void {
  signal(server, "SIGSTOP");
}

/** Has a server go on that stands still. */
export function thaw(server: Server): void {
  signal(server, "SIGCONT");
}

/** Ends a server in good order and starts it again with what it has stored. */
export async function restart(server: Server): Promise<Service> {
  const known = readState()[server.name];
  if (known === undefined) return { missing: `${server.name} is not up` };
  await end(known, server.stopSignal);
  return await up(server, false);
}

/** Tells where a server is, if it is there. */
export function status(server: Server): Service {
  const known = readState()[server.name];
  if (known === undefined) return { missing: "down" };
  return isRunning(known) ? { url: server.url(known) } : { missing: "killed" };
}

function signal(server: Server, name: Deno.Signal): void {
  const known = readState()[server.name];
  if (known !== undefined && isRunning(known)) Deno.kill(known.pid, name);
}

async function place(
  server: Server,
  install: boolean,
  inMemory: boolean,
): Promise<Started | { readonly missing: string }> {
  if (Deno.build.os !== "linux") return { missing: `${Deno.build.os} has no Debian packages` };
  const found = await server.find(install);
  if ("missing" in found) return found;
  const dir = inMemory && hasRoom(MEMORY) ? { dir: MEMORY } : {};
  const folder = await Deno.makeTempDir({ prefix: `beat-${server.name}-`, ...dir });
  const started = { program: found.program, folder, port: freePort(server.ports ?? 1), pid: 0 };
  await server.prepare?.(found.program, started);
  return started;
}

async function start(server: Server, known: Started): Promise<void> {
  const { program, folder } = known;
  await server.clean?.(known);
  const child = new Deno.Command("sh", {
    // The shell gives way to the server, which thus has the process id that is noted.
    args: ["-c", 'exec "$@" >>"$0" 2>&1', `${folder}/log`, ...server.command(program, known)],
    // Who stops the tests by the keyboard does not stop the server.
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  const started = { ...known, pid: child.pid };
  await remember(server, started);
  const isReady = () => server.isReady(program, known);
  if (await within(LIMIT, async () => hasEnded || await isReady()) && !hasEnded) return;
  const log = await Deno.readTextFile(`${folder}/log`);
  throw new Error(`${server.name} did not start: ${log.slice(-2_000).trim()}`);
}

async function end(known: Started, signal: Deno.Signal): Promise<void> {
  if (!isRunning(known)) return;
  Deno.kill(known.pid, signal);
  if (await within(LIMIT, () => hasEnded(known))) return;
  Deno.kill(known.pid, "SIGKILL");
  await within(LIMIT, () => hasEnded(known));
}

/** Whether a process has given back its port: its words are gone before that. */
function hasEnded({ pid }: Started): boolean {
  try {
    return /\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}

/** Whether the process is there and still the one that was started: numbers are given out again. */
function isRunning({ pid, folder }: Started): boolean {
  try {
    const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    return words.includes(folder);
  } catch {
    return false;
  }
}

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function within(limit: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + limit;
  while (performance.now() < end) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, GLANCE));
  }
  return false;
}

/**
 * The first of some free ports below those that the system gives to connections: while the server is down,
 * one of its own clients could get its port by trying to connect to it.
 */
function freePort(count: number): number {
  const [lowest, highest] = PORTS;
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    const listeners: Deno.Listener[] = [];
    try {
      for (let at = 0; at < count; at++) {
        listeners.push(Deno.listen({ hostname: "127.0.0.1", port: port + at }));
      }
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    } finally {
      for (const listener of listeners) listener.close();
    }
  }
}

function readState(): Partial<Record<string, Started>> {
  return exists(".runtimes/services.json") ? JSON.parse(Deno.readTextFileSync(STATE)) : {};
}

async function remember(server: Server, started: Started | undefined): Promise<void> {
  await Deno.mkdir(new URL(".", STATE), { recursive: true });
  const lock = await Deno.open(new URL("services.lock", STATE), { create: true, write: true });
  try {
    // One after the other: suites restart their servers while others are started.
    await lock.lock(true);
    const state = { ...readState(), [server.name]: started };
    // Others, who may look at any time, find one or the other.
    const written = new URL(`services.${Deno.pid}.json`, STATE);
    await Deno.writeTextFile(written, `${JSON.stringify(state, undefined, 2)}\n`);
    await Deno.rename(written, STATE);
  } finally {
    lock.close();
  }
}
