/** README.md tells users of Node how to check types: its recipe, by each compiler that it names. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { exists, readText, ROOT } from "../../scripts/_files.ts";
import { ensureNodeModules } from "../../scripts/_node_modules.ts";
import { run, runNpm } from "../../scripts/_process.ts";
import { locate } from "../../scripts/_runtimes.ts";
import { typeTestFiles } from "../../scripts/_suites.ts";
import { snippetsIn } from "../examples/_snippets.ts";

const VERSIONS = ["5.9.3", "6.0.3", "7.0.2"];

/** What the recipe installs beside a program, and where it comes from. */
const MODULES: [name: string, path: string][] = [
  ["@beat/beat", "."],
  ["@beat/http", "adapters/http"],
  ["@std/assert", "tests/_std/assert"],
  ["@types/node", "node_modules/@types/node"],
];

let folder: string;
let node: string;

/** The `tsconfig.json` of the page. */
function recipe(page: string): { compilerOptions: object } {
  const [, text] = page.match(/```json\n(\{\s*"compilerOptions".*?)```/s)!;
  return JSON.parse(text!);
}

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "beat-compilers-" });
  const located = await locate("node24", true);
  if ("missing" in located) throw new Error(located.missing);
  node = located.program;
  const failure = await ensureNodeModules(true);
  if (failure !== undefined) throw new Error(failure);
  for (const [name, path] of MODULES) {
    const link = `${folder}/node_modules/${name}`;
    await Deno.mkdir(link.slice(0, link.lastIndexOf("/")), { recursive: true });
    await Deno.symlink(`${ROOT}/${path}`, link, { type: "dir" });
  }
  const page = readText("README.md");
  const snippets = snippetsIn(page).map(({ line, code }) => ({ file: `line_${line}.ts`, code }));
  for (const { file, code } of snippets) await Deno.writeTextFile(`${folder}/${file}`, code);
  const files = [
    ...snippets.map(({ file }) => file),
    ...typeTestFiles().map((file) => `${ROOT}/${file}`),
  ];
  await Deno.writeTextFile(`${folder}/package.json`, `{ "type": "module" }`);
  const config = JSON.stringify({ ...recipe(page), files });
  await Deno.writeTextFile(`${folder}/tsconfig.json`, config);
});

afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs a compiler on what is listed in the folder. */
async function compile(version: string) {
  const prefix = `.runtimes/typescript-${version}`;
  const program = `${prefix}/node_modules/typescript/bin/tsc`;
  if (!exists(program)) {
    const options = ["--no-save", "--no-package-lock", "--ignore-scripts"];
    const failure = await runNpm(
      "install",
      "--prefix",
      prefix,
      ...options,
      `typescript@${version}`,
    );
    if (failure !== undefined) throw new Error(failure);
  }
  return await run([node, `${ROOT}/${program}`, "-p", folder]);
}

for (const version of VERSIONS) {
  describe(`TypeScript ${version}`, () => {
    it("is one that README.md names", () => {
      assertStringIncludes(readText("README.md"), version.slice(0, version.lastIndexOf(".")));
    });

    // What must not compile says so in the type tests.
    it("checks the snippets of README.md and all type tests by its recipe", async () => {
      const { code, output } = await compile(version);
      assertEquals(code, 0, output);
    });
  });
}
