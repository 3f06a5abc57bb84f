import { execFile, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** How a program ended. */
export interface Ended {
  /** The exit code; -1 if it was stopped. */
  code: number;
  stdout: string;
  stderr: string;
}

const ROOT = new URL("../../", import.meta.url);

/** Milliseconds after which a program is stopped. */
const TIME_LIMIT = 60_000;

/** The path of something in the repository. */
export function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, ROOT));
}

/** Runs a program of the repository with the runtime that runs this test, in the root folder. */
export function runProgram(file: string, ...args: string[]): Promise<Ended> {
  const options = {
    cwd: pathOf("."),
    env: { ...process.env, NO_COLOR: "1" },
    timeout: TIME_LIMIT,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...runtimeFlags(), file, ...args],
      options,
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr: code === -1 ? `${error}\n${stderr}` : stderr });
      },
    );
  });
}

/** A program that goes on until it is told to end. */
export interface Running {
  /** Resolves with the first match in what it has printed or will print; rejects if it ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Asks it to end, as Ctrl-C does. */
  interrupt(): void;
  readonly ended: Promise<Ended>;
}

/** Starts a program of the repository, in an environment with these variables. */
export function startProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const child = spawn(process.execPath, [...runtimeFlags(), file, ...args], {
    cwd: pathOf("."),
    env: { ...process.env, NO_COLOR: "1", ...env },
    timeout: TIME_LIMIT,
  });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
  return {
    ended,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout);
          if (found === null) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        ended.then(() => reject(new Error(`It ended without ${pattern}:\n${stdout}\n${stderr}`)));
      }),
    // Not by `child.kill`: on Deno who ends well after that has no exit code.
    interrupt() {
      if (child.exitCode === null) process.kill(child.pid!, "SIGINT");
    },
  };
}

/** What makes the runtime run a file, without a word of its own. */
function runtimeFlags(): string[] {
  if ("deno" in process.versions) return ["run", "-A", "--quiet"];
  if ("bun" in process.versions) return [];
  // Node 22 warns of type stripping.
  return ["--disable-warning=ExperimentalWarning"];
}
