/** Breaks the consumption engine in every way that is known, and looks whether its tests notice. */
import { assert, assertEquals } from "@std/assert";
import { afterAll, describe, it } from "@std/testing/bdd";
import { type Mutant, MUTANTS } from "./_mutants.ts";

const ROOT = new URL("../../", import.meta.url);
const MODEL = "consumption_model_test.ts";

/** What the tests of the engine need. */
const TREE = [
  "deno.json",
  "package.json",
  "bench/package.json",
  "src",
  "tests/_messages",
  "tests/_std",
];

/** Histories that the model looks at, from where on, and without making a failure small. */
const HISTORIES = { RUNS: "300", SEED: "5", SHRINK: "no" };

/** Milliseconds after which a mutant counts as noticed: the engine itself takes a quarter. */
const LIMIT = 60_000;

interface Ran {
  passed: boolean;
  output: string;
}

/** Runs mutants side by side, each tree with one at a time. */
class Laboratory {
  readonly #folder = Deno.makeTempDirSync({ prefix: "beat-mutants-" });
  readonly #free: Promise<string>[];

  constructor(trees: number) {
    this.#free = Array.from({ length: trees }, (_, at) => this.#grow(`${this.#folder}/${at}`));
  }

  /** Runs a test of a tree in which `change` is made, when a tree is free. */
  async run(file: string, change: (text: string) => string, test: string): Promise<Ran> {
    const first = this.#free.shift()!;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#free.push(promise);
    const tree = await first;
    try {
      return await this.#runIn(tree, file, change, test);
    } finally {
      resolve(tree);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#free);
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #grow(tree: string): Promise<string> {
    for (const path of TREE) await copy(new URL(path, ROOT), `${tree}/${path}`);
    return tree;
  }

  async #runIn(
    tree: string,
    file: string,
    change: (text: string) => string,
    test: string,
  ): Promise<Ran> {
    const path = `${tree}/src/transport/${file}`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, change(text));
    try {
      return await runTest(tree, `src/transport/${test}`);
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }
}

async function copy(from: URL, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(`${from.href}/${name}`), `${to}/${name}`);
  }
}

async function runTest(tree: string, test: string): Promise<Ran> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--no-check", "--no-lock", "--no-prompt", "-A", test],
    cwd: tree,
    env: { ...HISTORIES, NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT),
  });
  const { success, stdout, stderr } = await command.output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { passed: success, output };
}

const laboratory = new Laboratory(Math.min(navigator.hardwareConcurrency, 4));

/** All begin at once, so that the trees are never idle. */
const sound = [...new Set([MODEL, ...MUTANTS.map(({ test = MODEL }) => test)])].map((test) => ({
  test,
  ran: laboratory.run("engine.ts", (text) => text, test),
}));
const broken = MUTANTS.map((mutant) => ({ mutant, ran: breakBy(mutant) }));

function breakBy({ file, find, replace, test = MODEL }: Mutant): Promise<Ran> {
  const change = (text: string) => {
    assertEquals(text.split(find).length - 1, 1, `${file} must hold this once: ${find}`);
    return text.replace(find, () => replace);
  };
  const ran = laboratory.run(file, change, test);
  ran.catch(() => {});
  return ran;
}

describe("the tests of the engine", () => {
  afterAll(() => laboratory.end());

  for (const { test, ran } of sound) {
    it(`pass where nothing is broken: ${test}`, async () => {
      const { passed, output } = await ran;
      assert(passed, output);
    });
  }

  for (const { mutant, ran } of broken) {
    it(`notice that ${mutant.name}`, async () => {
      const { passed } = await ran;
      assert(!passed, `${mutant.file} was changed, and ${mutant.test ?? MODEL} passed`);
    });
  }
});
