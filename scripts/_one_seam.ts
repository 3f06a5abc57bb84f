import { readText } from "./_files.ts";
import { publishedFiles } from "./_graph.ts";

/** The one seam: a seeded scheduler takes its place in tests. */
const SEAM = "src/runtime/shared_cells.ts";

/** What finds out whether the platform has `Atomics` at all. */
const PROBES = ["src/runtime/capabilities.ts", "src/runtime/_probe_thread.ts"];

/** Comments and texts, but for a text that is the name alone: in brackets that is a member. */
const SPOKEN =
  /\/\*[^]*?\*\/|\/\/.*|"(?!Atomics")(?:\\.|[^"\\\n])*"|'(?!Atomics')(?:\\.|[^'\\\n])*'/g;

/** Places beside the seam that get at memory of several threads. */
export function findStrayAtomics(): string[] {
  const files = publishedFiles().filter((file) => file !== SEAM && !PROBES.includes(file));
  return files.flatMap((file) => strayAtomicsIn(file, readText(file)));
}

/** The same for one file. */
export function strayAtomicsIn(file: string, text: string): string[] {
  // Every place keeps its line.
  const code = text.replace(SPOKEN, (part) => part.replace(/[^\n]/g, " "));
  return code.split("\n").flatMap((line, at) =>
    /\bAtomics\b/.test(line) ? [`${file}:${at + 1} only ${SEAM} uses Atomics`] : []
  );
}
