import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FAULTS } from "../tests/verify/_faults.ts";
import { readText } from "./_files.ts";

describe("the faults that 'deno task verify' plants", () => {
  for (const { name, file, line } of FAULTS) {
    it(`${name}: has its line in the source, once`, () => {
      assertEquals(readText(file).split(line).length - 1, 1, `${file}: ${line}`);
    });
  }
});
