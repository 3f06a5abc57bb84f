import { codeOf } from "./_code.ts";
import { readText } from "./_files.ts";
import { publishedFiles } from "./_graph.ts";

/** The one seam: a seeded scheduler takes its place in tests. */
const SEAM = "src/runtime/shared_cells.ts";

/** What finds out whether the platform has `Atomics` at all. */
const PROBES = ["src/runtime/capabilities.ts", "src/runtime/_probe_thread.ts"];

/** Places beside the seam that get at memory of several threads. */
export function findStrayAtomics(): string[] {
  const files = publishedFiles().filter((file) => file !== SEAM && !PROBES.includes(file));
  return files.flatMap((file) => strayAtomicsIn(file, readText(file)));
}

/** The same for one file. */
export function strayAtomicsIn(file: string, text: string): string[] {
  return codeOf(text).split("\n").flatMap((line, at) =>
    /\bAtomics\b/.test(line) ? [`${file}:${at + 1} only ${SEAM} uses Atomics`] : []
  );
}
