import { readdir, readFile } from "node:fs/promises";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { pathOf, runProgram } from "./_program.ts";

const FILES = await readdir(pathOf("examples"));
// The demo tells times: it has a test of its own.
const PROGRAMS = FILES.filter((file) => file.endsWith(".ts") && file !== "demo.ts").sort();
const EXPECTED = ".expected.txt";

describe("examples", () => {
  for (const program of PROGRAMS) {
    it(`${program} prints what its ${EXPECTED} says`, async () => {
      const name = program.slice(0, -".ts".length);
      const stdout = await readFile(pathOf(`examples/${name}${EXPECTED}`), "utf8");
      const ended = await runProgram(`examples/${program}`);
      assertEquals(ended, { code: 0, stdout, stderr: "" });
    });
  }

  it("has a program for every expected output", () => {
    const outputs = FILES.filter((file) => file.endsWith(EXPECTED)).sort();
    const names = PROGRAMS.map((program) => program.slice(0, -".ts".length));
    assertEquals(outputs, names.map((name) => `${name}${EXPECTED}`));
  });
});
