import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { exists, ROOT } from "../../scripts/_files.ts";
import { run, runNpm } from "../../scripts/_process.ts";
import { locate } from "../../scripts/_runtimes.ts";

/** It brings the esbuild that it was made for. */
const VITE = "7.3.8";
const MODULES = `.runtimes/vite-${VITE}/node_modules`;
const TESTDATA = `${ROOT}/tests/bundlers/testdata`;
/** What the app prints. */
const OUTPUT = "3 5 7 by shared-memory\n";

const DENO = [Deno.execPath(), "run", "-A", "--no-check", "--no-config", "--no-lock"];

let folder: string;
let node: string;

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "beat-bundlers-" });
  const located = await locate("node24", true);
  if ("missing" in located) throw new Error(located.missing);
  node = located.program;
  if (exists(`${MODULES}/vite/package.json`)) return;
  const options = ["--no-save", "--no-package-lock", "--ignore-scripts"];
  const prefix = `.runtimes/vite-${VITE}`;
  const failure = await runNpm("install", "--prefix", prefix, ...options, `vite@${VITE}`);
  if (failure !== undefined) throw new Error(failure);
});

afterAll(() => Deno.remove(folder, { recursive: true }));

describe("an app with threads, bundled", () => {
  it("by esbuild, with the handlers as a second entry, runs on Deno, Bun and Node", async () => {
    const outdir = `${folder}/esbuild`;
    const built = await run([
      node,
      `${ROOT}/${MODULES}/esbuild/bin/esbuild`,
      `${TESTDATA}/second_entry.ts`,
      `${TESTDATA}/handlers.ts`,
      "--bundle",
      "--minify",
      "--format=esm",
      `--outdir=${outdir}`,
    ]);
    assertEquals(built.code, 0, built.output);
    // So that Node takes what comes out for modules.
    await Deno.writeTextFile(`${outdir}/package.json`, `{ "type": "module" }`);
    const bun = await locate("bun", false);
    for (const command of [DENO, [node], ..."program" in bun ? [[bun.program]] : []]) {
      const { stdout, output } = await run([...command, `${outdir}/second_entry.js`]);
      assertEquals(stdout, OUTPUT, `${command[0]}: ${output}`);
    }
  });

  it("by Vite, with a factory, runs on Deno", async () => {
    const program = `${folder}/build.mjs`;
    const vite = new URL(`../../${MODULES}/vite/dist/node/index.js`, import.meta.url).href;
    const config = {
      root: TESTDATA,
      configFile: false,
      base: "./",
      logLevel: "error",
      worker: { format: "es" },
      build: { outDir: `${folder}/vite`, rollupOptions: { input: `${TESTDATA}/factory.ts` } },
    };
    await Deno.writeTextFile(
      program,
      `import { build } from ${JSON.stringify(vite)};\nawait build(${JSON.stringify(config)});\n`,
    );
    const built = await run([node, program]);
    assertEquals(built.code, 0, built.output);
    const assets = [...Deno.readDirSync(`${folder}/vite/assets`)].map(({ name }) => name).sort();
    assertEquals(assets.map((name) => name.split("-")[0]), ["factory", "handlers"]);
    const { stdout, output } = await run([...DENO, `${folder}/vite/assets/${assets[0]}`]);
    assertEquals(stdout, OUTPUT, output);
  });
});
