import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

/** Where a server is. */
export interface FoundServer {
  readonly url: string;
  /** Stops it, if it was started here. */
  stop(): Promise<void>;
}

/** There is no server, and it cannot be started. */
export class MissingServerError extends Error {}

const run = promisify(execFile);

/**
 * Finds the server that the environment names, by `BEAT_REDIS_URL` and the like, or starts one by
 * `deno task services`.
 *
 * @throws {MissingServerError} If there is none.
 */
export async function findServer(name: string): Promise<FoundServer> {
  const variable = `BEAT_${name.toUpperCase()}_URL`;
  const known = process.env[variable];
  if (known !== undefined) return { url: known, stop: async () => {} };
  if (!("Deno" in globalThis)) {
    throw new MissingServerError(`Cannot reach ${name} as '${variable}' must say where it is`);
  }
  const isRunning = readUrl(await services("status", name), variable) !== undefined;
  const answer = await services("up", name);
  const url = readUrl(answer, variable);
  if (url === undefined) {
    throw new MissingServerError(
      `Cannot start ${name}: set '${variable}' instead. ${answer.trim()}`,
    );
  }
  return {
    url,
    async stop() {
      if (!isRunning) await services("down", name);
    },
  };
}

async function services(command: string, name: string): Promise<string> {
  const { stdout } = await run(process.execPath, ["task", "--quiet", "services", command, name]);
  return stdout;
}

/** What `deno task services` prints of a server that is there. */
function readUrl(output: string, variable: string): string | undefined {
  const line = output.split("\n").find((line) => line.startsWith(`${variable}=`));
  return line?.slice(variable.length + 1).trim();
}
