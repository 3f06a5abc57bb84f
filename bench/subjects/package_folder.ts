/**
 * Where packages are that stand in no lock file.
 *
 * @module
 */
import { createRequire } from "node:module";

/** The folder of a package, such as `bullmq@5.0.0`, seen from the repository. */
export function folderOf(pack: string): string {
  return `.runtimes/${pack.replace("@", "-")}`;
}

/** Loads a package that was installed there. */
export function load<Module>(pack: string): Module {
  const here = new URL(`../../${folderOf(pack)}/index.js`, import.meta.url);
  return createRequire(here)(pack.split("@")[0]!);
}
