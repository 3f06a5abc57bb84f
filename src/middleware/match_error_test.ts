import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { matchError } from "./match_error.ts";

describe("matchError()", () => {
  it("matches by class and by predicate", () => {
    const matches = matchError([RangeError, DOMException, (error) => error === "gone"]);
    const others = [new Error("a"), "here", undefined, { name: "RangeError" }];
    assertEquals([new RangeError("a"), new DOMException("a"), "gone"].map(matches), [
      true,
      true,
      true,
    ]);
    assertEquals(others.map(matches), [false, false, false, false]);
  });

  it("looks through the chain of causes, a circle included", () => {
    const inner = new RangeError("inner");
    const outer = new Error("outer", { cause: new Error("middle", { cause: inner }) });
    assertEquals(matchError(RangeError)(outer), true);
    inner.cause = outer;
    assertEquals(matchError(TypeError)(outer), false);
  });

  it("refuses what is no function", () => {
    assertThrows(() => matchError(["RangeError" as never]), TypeError, "'match' must be a class");
  });
});
