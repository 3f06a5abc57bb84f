import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { countCode, findThickAdapters } from "./_thin_adapters.ts";

describe("countCode()", () => {
  it("counts what is neither blank nor comment nor import", () => {
    const text = `import type { A } from "./a.ts";
import {
  b,
  c,
} from "./b.ts";

/** A comment
 * of two lines. */
export const d = b; // counts

  // does not
export function e() {
  return c;
}
`;
    assertEquals(countCode(text), 4);
  });
});

describe("findThickAdapters()", () => {
  it("finds none in the house", () => assertEquals(findThickAdapters(), []));
});
