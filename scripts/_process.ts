import { ROOT } from "./_files.ts";

/** How a process ended. */
export interface Finished {
  /** The exit code; not 0 as well when it was stopped for lack of time. */
  code: number;
  /** Both output streams, one after the other. */
  output: string;
  /** The standard output alone. */
  stdout: string;
}

/** Options of {@linkcode run}. */
export interface RunOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /**
   * Where to run it, seen from the repository.
   *
   * @default {"."}
   */
  folder?: string;
  /**
   * Milliseconds after which the process is stopped.
   *
   * @default {900_000}
   */
  timeLimit?: number;
}

const running = new Set<Deno.ChildProcess>();

/** Ends what {@linkcode run} has started and what has not ended. */
export function endProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Runs a program in the repository until it ends or its time is over. */
export async function run(command: string[], options: RunOptions = {}): Promise<Finished> {
  const { env = {}, folder = ".", timeLimit = 900_000 } = options;
  const [program, ...args] = command;
  const child = new Deno.Command(program!, {
    args,
    cwd: `${ROOT}/${folder}`,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stopped = false;
  const timer = setTimeout(() => {
    stopped = true;
    child.kill("SIGKILL");
  }, timeLimit);
  running.add(child);
  const written: [stdout: Uint8Array<ArrayBuffer>[], stderr: Uint8Array<ArrayBuffer>[]] = [[], []];
  const read = Promise.all([collect(child.stdout, written[0]), collect(child.stderr, written[1])]);
  const { code } = await child.status;
  running.delete(child);
  clearTimeout(timer);
  // What it has started in its turn may live on, and holds the streams open.
  await (stopped
    ? Promise.race([read, new Promise((resolve) => setTimeout(resolve, 1_000))])
    : read);
  const [out, errors] = await Promise.all(written.map((chunks) => new Blob(chunks).text()));
  const note = stopped ? `\n(stopped after ${timeLimit / 1000} s)\n` : "";
  return { code: stopped ? 1 : code, output: out! + errors! + note, stdout: out! };
}

/** Keeps what comes from a stream. */
async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  chunks: Uint8Array<ArrayBuffer>[],
): Promise<void> {
  for await (const chunk of stream) chunks.push(chunk);
}

/** Runs a program in the repository, showing its standard output while it comes. */
export async function runLive(
  command: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string }> {
  const [program, ...args] = command;
  const child = new Deno.Command(program!, {
    args,
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const text = new TextDecoder();
  let stdout = "";
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    stdout += text.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, stdout };
}

/** The words that start npm, which is a script of the shell on Windows. */
export function npm(...args: string[]): string[] {
  return Deno.build.os === "windows" ? ["cmd", "/c", "npm", ...args] : ["npm", ...args];
}

/** Runs npm; `undefined` when it succeeded, otherwise what it said. */
export async function runNpm(...args: string[]): Promise<string | undefined> {
  try {
    const { code, output } = await run(npm(...args));
    return code === 0 ? undefined : `npm ${args[0]} failed: ${output.trim()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "npm is not on the PATH";
    throw error;
  }
}
