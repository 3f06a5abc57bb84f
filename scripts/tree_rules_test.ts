import { describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";
import {
  addressesIn,
  machineNamesIn,
  machinePatterns,
  newestVersion,
  pathPattern,
} from "./_tree_rules.ts";
import { ROOT } from "./_files.ts";

describe("addressesIn()", () => {
  it("finds an address to download from", () => {
    const line = `      "resolved": "https://packages.example/a.tgz",`;
    assertEquals(addressesIn("lock", line).length, 1);
  });

  it("allows the page of a sponsor", () => {
    assertEquals(addressesIn("lock", `        "url": "https://sponsor.example/a"`), []);
  });
});

describe("machineNamesIn()", () => {
  const found = async (line: string) =>
    machineNamesIn("a.md", line, await machinePatterns()).length === 1;

  it("finds the folder of this clone", async () => {
    assertEquals(await found(`see ${ROOT}/mod.ts`), true);
    assertEquals(await found(`at file://${ROOT}/mod.ts:1`), true);
  });

  it("finds somebody's home and a registry", async () => {
    assertEquals(await found(`in ${["", "home", "ann", "beat"].join("/")}`), true);
    assertEquals(await found(`from ${["registry", "npmjs", "org"].join(".")}`), true);
  });

  it("allows ordinary lines", async () => {
    assertEquals(await found(`import { emit } from "./src/core/mod.ts";`), false);
  });
});

describe("pathPattern()", () => {
  it("does not match the end of a longer path", () => {
    const pattern = pathPattern("/src");
    assertEquals(pattern.test("in ./src/core and file:src/src/a"), false);
    assertEquals(pattern.test("in /src/core"), true);
  });
});

describe("newestVersion()", () => {
  it("reads the first heading with a version", () => {
    assertEquals(newestVersion("# Log\n\n## [1.2.3] - 2026-11-20\n\n## 1.2.2\n"), "1.2.3");
    assertEquals(newestVersion("# Log\n\n## Unreleased\n\n## 0.1.0\n"), "0.1.0");
    assertEquals(newestVersion("# Log\n"), undefined);
  });
});
