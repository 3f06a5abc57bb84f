/**
 * Where the runtimes are: the same ones, found the same way, as the tests'.
 *
 * @module
 */
import { ensureNodeModules } from "../../scripts/_node_modules.ts";
import { run } from "../../scripts/_process.ts";
import { locate } from "../../scripts/_runtimes.ts";

/** The runtimes that are measured, in the order of the tables. */
export const RUNTIMES = ["deno", "node24", "bun"] as const;

/** A runtime that is measured. */
export type RuntimeName = typeof RUNTIMES[number];

/** A runtime that was found. */
export interface Runtime {
  name: RuntimeName;
  version: string;
  /** The words that start a script on it. */
  command: string[];
}

/** Finds the runtimes, installing what is missing; says aloud which one can't be had. */
export async function findRuntimes(names: readonly RuntimeName[]): Promise<Runtime[]> {
  const found: Runtime[] = [];
  for (const name of names) {
    const command = await commandOf(name);
    if (Array.isArray(command)) {
      found.push({ name, command, version: await versionOf(command[0]!) });
    } else {
      console.error(`${name} is not measured: ${command.missing}`);
    }
  }
  return found;
}

async function commandOf(name: RuntimeName): Promise<string[] | { missing: string }> {
  if (name === "deno") {
    return [Deno.execPath(), "run", "--quiet", "--allow-all", "--no-check"];
  }
  const missing = await ensureNodeModules(true);
  if (missing !== undefined) return { missing };
  const located = await locate(name, true);
  return "missing" in located ? located : [located.program];
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await run([program, "--version"]);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "unknown";
}
