import { describe, it } from "@std/testing/bdd";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findBreaches } from "./_floor_rules.ts";
import { readImports } from "./_graph.ts";

const EXPORTED = ["mod.ts", "src/message/mod.ts"];

/** The breaches of one import; the text of the specifier is the path unless given. */
function judge(from: string, to: string, specifier = to): string {
  return findBreaches([{ from, to, specifier }], EXPORTED).join("\n");
}

const ALLOWED: [what: string, from: string, to: string, specifier?: string][] = [
  ["a room imports from itself", "src/core/a.ts", "src/core/b.ts"],
  ["a room imports from a lower floor", "src/profile/a.ts", "src/engines/b.ts"],
  ["mod.ts imports from any floor", "mod.ts", "src/testing/a.ts"],
  ["an adapter imports its own files", "adapters/redis/a.ts", "adapters/redis/b.ts"],
  ["an adapter has dependencies", "adapters/redis/a.ts", "npm:/ioredis@6", "ioredis"],
  ["an adapter uses a public name", "adapters/redis/a.ts", "mod.ts", "@beat/beat"],
];

const PLANTED: [what: string, reason: string, from: string, to: string, specifier?: string][] = [
  ["an upward import", "must not know engines (floor 2)", "src/core/a.ts", "src/engines/b.ts"],
  ["an import on the same floor", "must not know", "src/middleware/a.ts", "src/router/b.ts"],
  ["core that knows runtime", "must not know", "src/core/a.ts", "src/runtime/b.ts"],
  ["runtime that knows message", "must not know", "src/runtime/a.ts", "src/message/b.ts"],
  ["engines that know messages", "must not know message", "src/engines/a.ts", "src/message/b.ts"],
  ["a router that knows engines", "must not know", "src/router/a.ts", "src/engines/b.ts"],
  ["a router that knows core", "must not know core", "src/router/a.ts", "src/core/b.ts"],
  ["a room without a floor", "has no floor", "src/attic/a.ts", "src/core/b.ts"],
  ["src that leaves src", "nothing from outside src", "src/core/a.ts", "mod.ts"],
  ["a dependency of src", "no dependency", "src/core/a.ts", "npm:/mitt@3", "mitt"],
  ["a remote module in src", "no dependency", "src/core/a.ts", "https://example.com/a.ts"],
  ["a module of Node in src", "getBuiltinModule", "src/runtime/a.ts", "node:os"],
  ["@std in src", "only tests", "src/core/a.ts", "tests/_std/assert/mod.ts", "@std/assert"],
  ["@std in an adapter", "only tests", "adapters/sql/a.ts", "jsr:@std/async", "@std/async"],
  ["a path instead of a name", "public names", "adapters/sql/a.ts", "mod.ts", "../../mod.ts"],
  [
    "a name that is not exported",
    "public names",
    "adapters/sql/a.ts",
    "src/core/a.ts",
    "@beat/beat/core",
  ],
  [
    "an adapter that imports another",
    "public names",
    "adapters/sql/a.ts",
    "adapters/http/mod.ts",
    "../http/mod.ts",
  ],
];

describe("findBreaches()", () => {
  for (const [what, ...entry] of ALLOWED) {
    it(`allows that ${what}`, () => assertEquals(judge(...entry), ""));
  }
  for (const [what, reason, ...entry] of PLANTED) {
    it(`finds ${what}`, () => assertStringIncludes(judge(...entry), reason));
  }

  it("finds a circle of three files once", () => {
    const circle = [["a", "b"], ["b", "c"], ["c", "a"]].map(([from, to]) => ({
      from: `src/core/${from}.ts`,
      to: `src/core/${to}.ts`,
      specifier: `./${to}.ts`,
    }));
    assertEquals(findBreaches(circle, []), [
      "circle: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts",
    ]);
  });
});

describe("readImports()", () => {
  it("sees imports of types only and dynamic imports", async () => {
    const files = ["scripts/testdata/lower.ts", "scripts/testdata/upper.ts"];
    assertEquals(findBreaches(await readImports(files), []), [
      "circle: scripts/testdata/lower.ts → scripts/testdata/upper.ts → scripts/testdata/lower.ts",
    ]);
  });

  it("resolves public names to the files behind them", async () => {
    const imports = await readImports(["scripts/floors_test.ts"]);
    const assertions = imports.find((entry) => entry.specifier === "@std/assert");
    assertEquals(assertions?.to, "tests/_std/assert/mod.ts");
  });
});
