import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { decodePercent, encodePercent } from "./percent.ts";

describe("encodePercent()", () => {
  it("encodes the example of the specification as it does", () => {
    assertEquals(encodePercent("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
  });

  it("leaves printable ASCII, but for spaces, quotes and percent signs", () => {
    const ascii = String.fromCharCode(...Array.from({ length: 0x5e }, (_, at) => at + 0x21));
    assertEquals(encodePercent(ascii), ascii.replace("%", "%25").replace('"', "%22"));
  });

  it("encodes control characters", () => assertEquals(encodePercent("\r\n\0\x7f"), "%0D%0A%00%7F"));
});

describe("decodePercent()", () => {
  const decoded: [value: string, text: string | undefined][] = [
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ["%e2%82%ac", "€"],
    ["%41", "A"],
    ["%2541", "%41"],
    ["100%", "100%"],
    ["%4", "%4"],
    ["%zz", "%zz"],
    ['"a b"', "a b"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['x"a b"y', "xa by"],
    ['"%20"', " "],
    ['"a', '"a'],
    ["%C0%A0", undefined],
    ["%FF", undefined],
    ["%ED%A0%80", undefined],
    ["%E2%82", undefined],
    ["%E2€", undefined],
  ];
  for (const [value, text] of decoded) {
    it(`makes ${text === undefined ? "nothing" : `'${text}'`} of '${value}'`, () => {
      assertEquals(decodePercent(value), text);
    });
  }

  it("gives back every text, which was printable ASCII on its way", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      assertMatch(encodePercent(text), /^[\x21-\x7e]*$/);
      assertEquals(decodePercent(encodePercent(text)), text);
    }));
  });

  it("throws nothing, whatever the value", () => {
    const unit = fc.constantFrom("%", "2", "0", "F", '"', "\\", "a", "ä");
    fc.assert(fc.property(fc.string({ unit }), (value) => void decodePercent(value)));
  });
});
