import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { print } from "./print.ts";

/** What comes to the console, which throws of the first so many lines. */
function printedOf(error: unknown, throws: number): unknown[][] {
  const printed: unknown[][] = [];
  const errors = stub(console, "error", (...line: unknown[]) => {
    if (throws-- > 0) throw new TypeError("Cannot inspect it");
    printed.push(line);
  });
  try {
    print("A hook failed:", error);
  } finally {
    errors.restore();
  }
  return printed;
}

describe("print()", () => {
  it("prints an error behind what has failed", () => {
    const error = new Error("no");
    assertEquals(printedOf(error, 0), [["A hook failed:", error]]);
  });

  it("says that there was an error if that cannot be printed", () => {
    assertEquals(printedOf({}, 1), [["A hook failed:", "an error that cannot be printed"]]);
  });

  it("does no harm though nothing can be printed", () => {
    assertEquals(printedOf({}, 2), []);
  });
});
