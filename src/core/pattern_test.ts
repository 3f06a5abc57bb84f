import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { PatternError } from "./errors.ts";
import { checkPattern, hasWildcard, MAX_SEGMENTS } from "./pattern.ts";

describe("checkPattern()", () => {
  for (const pattern of ["a", "a.b", "*", "**", "a.*.b", "**.a.**", "user:login.a/b", "ä.☃"]) {
    it(`accepts '${pattern}'`, () => checkPattern(pattern));
  }

  const refused: [pattern: string, position: number, rule: string][] = [
    ["", 0, "a segment must not be empty"],
    [".a", 0, "a segment must not be empty"],
    ["a..b", 2, "a segment must not be empty"],
    ["a.", 2, "a segment must not be empty"],
    ["user.cr*", 7, "a star must be a whole segment"],
    ["*a", 0, "a star must be a whole segment"],
    ["a.***", 2, "a star must be a whole segment"],
    ["a.**b.c", 2, "a star must be a whole segment"],
  ];
  for (const [pattern, position, rule] of refused) {
    it(`refuses '${pattern}' at position ${position}`, () => {
      const error = assertThrows(() => checkPattern(pattern), PatternError, rule);
      assertInstanceOf(error, SyntaxError);
      assertEquals([error.pattern, error.position], [pattern, position]);
    });
  }

  it("accepts 64 segments and refuses 65", () => {
    const longest = new Array(MAX_SEGMENTS).fill("a").join(".");
    checkPattern(longest);
    const error = assertThrows(() => checkPattern(`${longest}.b`), PatternError, "at most 64");
    assertEquals(error.position, longest.length + 1);
  });

  it("keeps the message of a long pattern short", () => {
    const error = assertThrows(() => checkPattern(`${"a".repeat(10_000)}*`), PatternError);
    assertEquals(error.message.length < 200, true);
  });

  it("throws nothing but PatternError, whatever the text", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", ".", "*", "☃") }), (pattern) => {
      try {
        checkPattern(pattern);
      } catch (error) {
        assertInstanceOf(error, PatternError);
        assertEquals(error.position >= 0 && error.position <= pattern.length, true);
      }
    }));
  });
});

describe("hasWildcard()", () => {
  it("tells patterns from types", () => {
    assertEquals(["a.b", "a.*", "**"].map(hasWildcard), [false, true, true]);
  });
});
