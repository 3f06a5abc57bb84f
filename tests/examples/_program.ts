import { execFile } from "node:child_process";
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

/** What makes the runtime run a file, without a word of its own. */
function runtimeFlags(): string[] {
  if ("deno" in process.versions) return ["run", "-A", "--quiet"];
  if ("bun" in process.versions) return [];
  // Node 22 warns of type stripping.
  return ["--disable-warning=ExperimentalWarning"];
}
