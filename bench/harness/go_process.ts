/**
 * The Go original: built once, then a process like any other subject.
 *
 * @module
 */
import { toPath } from "../../scripts/_files.ts";
import { run } from "../../scripts/_process.ts";
import type { Sample } from "./types.ts";

const MODULE = toPath(new URL("../go", import.meta.url));
let program: string | undefined;

/** Builds the program in a temporary folder; returns why that is not possible, or `undefined`. */
export async function buildGo(folder: string): Promise<string | undefined> {
  try {
    const target = `${folder}/beat_go`;
    const { code, output } = await run(["go", "build", "-C", MODULE, "-o", target, "."]);
    if (code !== 0) return `go build failed: ${output.trim()}`;
    program = target;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no go on the PATH";
    throw error;
  }
}

/** Runs one process of the original. */
export async function sampleGo(args: string[], seconds: number): Promise<Sample> {
  if (program === undefined) throw new Error("the Go program has not been built");
  const { code, stdout, output } = await run([program, ...args, "-time", String(seconds)]);
  if (code !== 0) throw new Error(output.trim());
  return JSON.parse(stdout);
}
