/**
 * Programs in Go: each built once, then a process like any other subject.
 *
 * @module
 */
import { toPath } from "../../scripts/_files.ts";
import { run } from "../../scripts/_process.ts";
import type { GoProgram, Sample } from "./types.ts";

/** Where the programs are: the original, and Watermill. */
const MODULES: Record<GoProgram, URL> = {
  beat: new URL("../go", import.meta.url),
  watermill: new URL("../watermill", import.meta.url),
};

const programs = new Map<GoProgram, string>();

/** Builds a program in a temporary folder; returns why that is not possible, or `undefined`. */
export async function buildGo(name: GoProgram, folder: string): Promise<string | undefined> {
  try {
    const target = `${folder}/${name}_go`;
    const { code, output } = await run([
      "go",
      "build",
      "-C",
      toPath(MODULES[name]),
      "-o",
      target,
      ".",
    ]);
    if (code !== 0) return `go build failed: ${output.trim()}`;
    programs.set(name, target);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no go on the PATH";
    throw error;
  }
}

/** Runs one process of a program. */
export async function sampleGo(name: GoProgram, args: string[], seconds: number): Promise<Sample> {
  const program = programs.get(name);
  if (program === undefined) throw new Error(`the Go program ${name} has not been built`);
  const { code, stdout, output } = await run([program, ...args, "-time", String(seconds)]);
  if (code !== 0) throw new Error(output.trim());
  return JSON.parse(stdout);
}
