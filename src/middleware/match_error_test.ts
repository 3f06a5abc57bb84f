import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
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

  it("looks 16 causes deep", () => {
    const chain = (causes: number): Error =>
      causes === 0 ? new RangeError("last") : new Error("one", { cause: chain(causes - 1) });
    assertEquals([16, 17].map((causes) => matchError(RangeError)(chain(causes))), [true, false]);
  });

  it("takes a predicate that throws for one that means nothing, and prints it", () => {
    const printed: string[] = [];
    const errors = stub(console, "error", (...line) => void printed.push(line.join(" ")));
    const odd = () => {
      throw new TypeError("no such field");
    };
    try {
      assertEquals(matchError(odd)(new Error("a")), false);
      assertEquals(matchError([odd, RangeError])(new RangeError("a")), true);
    } finally {
      errors.restore();
    }
    assertEquals(printed, Array(2).fill("A hook failed: TypeError: no such field"));
  });

  it("refuses what is no function", () => {
    assertThrows(() => matchError(["RangeError" as never]), TypeError, "'match' must be a class");
  });
});
