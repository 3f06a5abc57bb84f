/**
 * Proves the ground plan of the house: no upward import, no circle, no dependency.
 *
 * @module
 */

import { findBreaches } from "./_floor_rules.ts";
import { publishedFiles, readImports } from "./_graph.ts";
import { entryPoints } from "./_packages.ts";

/** Every breach of the ground plan in this repository, as text. */
export async function findFloorBreaches(): Promise<string[]> {
  return findBreaches(await readImports(publishedFiles()), entryPoints());
}

if (import.meta.main) {
  const breaches = await findFloorBreaches();
  console.log(breaches.join("\n") || `${publishedFiles().length} files keep to the ground plan`);
  Deno.exit(breaches.length > 0 ? 1 : 0);
}
