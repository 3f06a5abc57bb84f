import { assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ConformanceError, demandEqual } from "./failure.ts";

describe("demandEqual()", () => {
  it("compares fields whatever their order, and elements in theirs", () => {
    demandEqual({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }, "it");
    assertThrows(
      () => demandEqual([1, 2], [2, 1], "it"),
      ConformanceError,
      "it must be [2,1]: it is [1,2]",
    );
    assertThrows(() => demandEqual({ a: 1 }, { a: 2 }, "it"), ConformanceError);
  });
});
