import * as esbuild from "npm:esbuild@0.28.2";
import { ROOT } from "./_files.ts";

/** What a platform has of its own. */
export interface Platform {
  /** The platform's own names in the `exports` of packages. */
  conditions: string[];
  /** What the platform brings along. */
  external?: string[];
}

/** Options of {@linkcode bundleTests}. */
export interface BundleOptions extends Platform {
  /** Source text that runs the tests, where `runCollected` is in scope. */
  start: string;
}

/** Puts test files and everything that they import into one module. */
export async function bundleTests(files: string[], options: BundleOptions): Promise<string> {
  const { start, ...platform } = options;
  const entry = [
    `import { runCollected } from "./scripts/_collected.ts";`,
    ...files.map((file) => `import ${JSON.stringify(`./${file}`)};`),
    start,
  ].join("\n");
  // Before all imports: bdd looks for it when the first case is registered.
  return await bundle(entry, platform, "globalThis.__BEAT_TESTS__ = [];");
}

/** Puts a module that a thread runs and everything that it imports into one module. */
export async function bundleModule(file: string, platform: Platform): Promise<string> {
  return await bundle(`import ${JSON.stringify(`./${file}`)};`, platform);
}

/**
 * Settles when nothing is bundled. One after the other: each ends esbuild's helper process, as that would
 * keep this one alive, and what it was bundling for another suite would never end.
 */
let idle: Promise<unknown> = Promise.resolve();

function bundle(contents: string, platform: Platform, banner = ""): Promise<string> {
  const bundled = idle.then(() => build(contents, platform, banner));
  idle = bundled.catch(() => {});
  return bundled;
}

async function build(
  contents: string,
  { conditions, external = [] }: Platform,
  banner: string,
): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      stdin: { contents, resolveDir: ROOT, loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      target: "esnext",
      platform: "browser",
      // Without this, classes of equal name are renamed and errors lose their names.
      keepNames: true,
      conditions,
      external,
      banner: { js: banner },
      logLevel: "silent",
    });
    return outputFiles[0]!.text;
  } finally {
    await esbuild.stop();
  }
}
