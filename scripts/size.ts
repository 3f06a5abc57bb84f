/**
 * Measures what a page would load: minified and compressed by Brotli, against a budget.
 *
 * @module
 */

import { brotliCompressSync } from "node:zlib";
import { ROOT, ROOT_URL } from "./_files.ts";
import { run } from "./_process.ts";

/** One bundle and how large it may become. */
export interface Budget {
  name: string;
  /** What a user would write, with paths from the repository. */
  entry: string;
  /** Bytes after compression. */
  limit: number;
}

const BUDGETS: Budget[] = [
  {
    name: "the sync bus alone",
    entry: `export { createSyncBus } from "./src/engines/sync.ts";`,
    limit: 5_310,
  },
  { name: 'everything behind "."', entry: `export * from "./mod.ts";`, limit: 24_810 },
];

/** A budget and what was measured. */
export interface Measured extends Budget {
  /** Bytes after compression. */
  size: number;
}

/** Measures all bundles. */
export async function measureSizes(): Promise<Measured[]> {
  const folder = await Deno.makeTempDir({ prefix: "beat-size-" });
  try {
    const measured: Measured[] = [];
    for (const [at, budget] of BUDGETS.entries()) {
      const entry = `${folder}/entry_${at}.ts`;
      await Deno.writeTextFile(entry, budget.entry.replace(`"./`, `"${ROOT_URL.href}`));
      measured.push({ ...budget, size: await compressedSize(entry) });
    }
    return measured;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One line about each bundle. */
export function describeSizes(sizes: Measured[]): string {
  return sizes.map(({ name, size, limit }) =>
    `${name}: ${size} of ${limit} B${size > limit ? "  TOO LARGE" : ""}`
  ).join("\n");
}

async function compressedSize(entry: string): Promise<number> {
  const bundle = [Deno.execPath(), "bundle", "--quiet", "--minify", "--platform=browser"];
  const { code, stdout, output } = await run([...bundle, "--config", `${ROOT}/deno.json`, entry]);
  if (code !== 0) throw new Error(`Cannot bundle: ${output}`);
  // A name that does not exist is left out in silence.
  if (!/\bexport\s*\{/.test(stdout)) throw new Error("Cannot bundle: the entry exports nothing");
  return brotliCompressSync(stdout).length;
}

if (import.meta.main) {
  const sizes = await measureSizes();
  console.log(describeSizes(sizes));
  Deno.exit(sizes.some(({ size, limit }) => size > limit) ? 1 : 0);
}
