import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { checkHeaders, checkTopic, safeHeaderName, safeHeaderValue } from "./names.ts";

describe("checkTopic()", () => {
  for (const topic of ["a", "orders.paid", "A-Z_0.9", "__proto__", "x".repeat(200)]) {
    it(`accepts '${topic.slice(0, 20)}'`, () => checkTopic("publish", topic));
  }

  for (
    const topic of ["", ".", ".a", "a.", "a..b", "a b", "a/b", "a*", "ä", "a\n", "x".repeat(201)]
  ) {
    it(`refuses ${JSON.stringify(topic.slice(0, 20))}`, () => {
      const error = assertThrows(() => checkTopic("publish", topic), RangeError);
      assertEquals(error.message.startsWith("Cannot publish as 'topic' must be 1 to 200"), true);
      assertEquals(error.message.length < 300, true);
    });
  }

  for (const topic of [undefined, null, 5, {}, ["a"]] as unknown as string[]) {
    it(`refuses ${typeof topic} ${topic}`, () => {
      assertThrows(() => checkTopic("publish", topic), TypeError, "'topic' must be a string");
    });
  }

  it("accepts what its rule says, and nothing else", () => {
    const segments = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{0,9}$/), { minLength: 1 });
    fc.assert(fc.property(segments, (segments) => {
      const topic = segments.join(".");
      const fits = segments.every((segment) => segment !== "") && topic.length <= 200;
      if (fits) checkTopic("publish", topic);
      else assertThrows(() => checkTopic("publish", topic), RangeError);
    }));
  });
});

describe("checkHeaders()", () => {
  it("accepts any UTF-8 as a value, and names such as '__proto__'", () => {
    checkHeaders("publish", [["a", ""], ["A_b.c-9", "ä 😀 \t %"], ["__proto__", "x"], [
      "a",
      "again",
    ]]);
  });

  const refused: [error: string, header: [unknown, unknown]][] = [
    ["RangeError: Cannot publish as the name of metadata must be made of", ["", "x"]],
    ["RangeError: Cannot publish as the name of metadata must be made of", ["a b", "x"]],
    ["RangeError: Cannot publish as the name of metadata must be made of", ["a:b", "x"]],
    ["RangeError: Cannot publish as the name of metadata must be made of", ["ä", "x"]],
    ["RangeError: Cannot publish as the name of metadata must be made of", ["a\n", "x"]],
    ["TypeError: Cannot publish as 'name of metadata' must be a string", [5, "x"]],
    ["TypeError: Cannot publish as 'name of metadata' must be a string", [undefined, "x"]],
    ["TypeError: Cannot publish as 'metadata a' must be a string", ["a", 5]],
    ["TypeError: Cannot publish as 'metadata a' must be a string", ["a", undefined]],
    ["RangeError: Cannot publish as metadata 'a' must have no CR", ["a", "x\r"]],
    ["RangeError: Cannot publish as metadata 'a' must have no CR", ["a", "x\ny"]],
    ["RangeError: Cannot publish as metadata 'a' must have no CR", ["a", "\0"]],
    ["RangeError: Cannot publish as metadata 'a' must have no CR", ["a", "\ud800"]],
    ["RangeError: Cannot publish as metadata 'a' must have no CR", ["a", "\udc00\ud800"]],
  ];
  for (const [words, header] of refused) {
    it(`refuses ${JSON.stringify(header)}`, () => {
      const headers = [["fine", "x"], header] as [string, string][];
      const error = assertThrows(() => checkHeaders("publish", headers), Error);
      assertEquals(`${error.name}: ${error.message}`.startsWith(words), true, String(error));
    });
  }
});

describe("safeHeaderName() and safeHeaderValue()", () => {
  const names: [foreign: string, safe: string][] = [
    ["a_B.c-9", "a_B.c-9"],
    ["a b", "a_x20_b"],
    ["😀", "_x1f600_"],
    ["", "_x_"],
    ["\ud800", "_xd800_"],
  ];
  for (const [foreign, safe] of names) {
    it(`makes '${safe}' of ${JSON.stringify(foreign)}`, () =>
      assertEquals(safeHeaderName(foreign), safe));
  }

  it("leave UTF-8 values, and replace what no header carries", () => {
    assertEquals(safeHeaderValue("ä 😀\t"), "ä 😀\t");
    assertEquals(safeHeaderValue("a\r\nb\0\ud800"), "a  b \ufffd");
  });

  it("make what checkHeaders() accepts, whatever came, and leave what it accepts", () => {
    const text = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
    fc.assert(fc.property(text, text, (name, value) => {
      const safe: [string, string] = [safeHeaderName(name), safeHeaderValue(value)];
      checkHeaders("publish", [safe]);
      assertEquals([safeHeaderName(safe[0]), safeHeaderValue(safe[1])], safe);
    }));
  });
});
