import * as esbuild from "npm:esbuild@0.28.2";
import { ROOT } from "./_files.ts";

/** Options of {@linkcode bundleTests}. */
export interface BundleOptions {
  /** The platform's own names in the `exports` of packages. */
  conditions: string[];
  /** What the platform brings along. */
  external?: string[];
  /** Source text that runs the tests, where `runCollected` is in scope. */
  start: string;
}

/** Puts test files and everything that they import into one module. */
export async function bundleTests(files: string[], options: BundleOptions): Promise<string> {
  const { conditions, external = [], start } = options;
  const entry = [
    `import { runCollected } from "./scripts/_collected.ts";`,
    ...files.map((file) => `import ${JSON.stringify(`./${file}`)};`),
    start,
  ].join("\n");
  try {
    const { outputFiles } = await esbuild.build({
      stdin: { contents: entry, resolveDir: ROOT, loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      target: "esnext",
      platform: "browser",
      // Without this, classes of equal name are renamed and errors lose their names.
      keepNames: true,
      conditions,
      external,
      // Before all imports: bdd looks for it when the first case is registered.
      banner: { js: "globalThis.__BEAT_TESTS__ = [];" },
      logLevel: "silent",
    });
    return outputFiles[0]!.text;
  } finally {
    // esbuild's helper process would keep this one alive.
    await esbuild.stop();
  }
}
