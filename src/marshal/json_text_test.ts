import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { isJsonValue, itemsOf, membersOf, parseJson } from "./json_text.ts";

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("parseJson()", () => {
  it("accepts what is as deep as it may be, and no deeper", () => {
    parseJson(nested(5), 5);
    assertThrows(() => parseJson(nested(6), 5), RangeError, "at most 5 levels deep: there are 6");
  });

  it("does not count brackets in strings", () => {
    assertEquals(parseJson(String.raw`["[[[\"[[\\", "{"]`, 1), ['[[["[[\\', "{"]);
  });

  it("refuses depth before it parses, however deep", () => {
    assertThrows(() => parseJson("[".repeat(1_000_000), 128), RangeError);
  });

  for (const text of ["", "[", '"', String.raw`"\"`, "{]", "nul"]) {
    it(`refuses '${text}'`, () => {
      assertThrows(() => parseJson(text, 9), SyntaxError);
    });
  }
});

describe("isJsonValue()", () => {
  for (const text of ["1.0", '"a"', "null", '{"a" : 1e400}', nested(126)]) {
    it(`accepts ${text.slice(0, 20)}`, () => assertEquals(isJsonValue(text), true));
  }
  for (const text of ["", "a", " 1", "1\n", "\ufeff1", "01", nested(127)]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () =>
      assertEquals(isJsonValue(text), false));
  }
});

describe("membersOf()", () => {
  it("gives the values as they are written", () => {
    const members = membersOf(
      String.raw` { "a" : 1.0 ,"b":{"c": "},\"" }, "d\u0061ta":[ 1 , 2 ] } `,
    );
    assertEquals([...members], [["a", "1.0"], ["b", String.raw`{"c": "},\"" }`], [
      "data",
      "[ 1 , 2 ]",
    ]]);
  });

  it("gives the last of a repeated name, as JSON.parse does", () => {
    assertEquals([...membersOf('{"a":1,"a":2}')], [["a", "2"]]);
  });

  it("finds nothing in an empty object", () => assertEquals(membersOf("{ }").size, 0));

  it("agrees with JSON.parse", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(0, 2),
        (value, space) => {
          const json = JSON.stringify(value, null, space);
          const parsed = [...membersOf(json)].map(([name, text]) => [name, JSON.parse(text)]);
          assertEquals(Object.fromEntries(parsed), JSON.parse(json));
        },
      ),
    );
  });
});

describe("itemsOf()", () => {
  it("agrees with JSON.parse", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (value, space) => {
      const json = JSON.stringify(value, null, space);
      assertEquals(itemsOf(json).map((item) => JSON.parse(item)), JSON.parse(json));
    }));
  });
});
