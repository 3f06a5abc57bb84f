import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readHeaders } from "./read_headers.ts";

describe("readHeaders()", () => {
  it("reads pairs in their order, repeated names too, and objects", () => {
    const pairs = [["a", "1"], ["b", ""], ["a", "2"]];
    assertEquals(readHeaders(JSON.stringify(pairs)), pairs as [string, string][]);
    assertEquals(readHeaders('{"a":"1","__proto__":"2"}'), [["a", "1"], ["__proto__", "2"]]);
    assertEquals([readHeaders("[]"), readHeaders("{}"), readHeaders("")], [[], [], []]);
  });

  for (const text of ["no json", "null", "5", '"text"', "[1]", '[["a"]]', '[["a",1]]', '{"a":1}']) {
    it(`takes ${text} for one header`, () => {
      assertEquals(readHeaders(text), [["headers", text]]);
    });
  }
});
