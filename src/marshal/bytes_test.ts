import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "./bytes.ts";

describe("decodeUtf8()", () => {
  it("keeps a byte-order mark", () => {
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]);
    assertEquals(encodeUtf8(decodeUtf8(bytes)!), bytes);
  });

  for (const bytes of [[0xff], [0xc0, 0xa0], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    it(`tells that ${bytes} is not UTF-8`, () => {
      assertEquals(decodeUtf8(new Uint8Array(bytes)), undefined);
    });
  }

  it("gives a text that becomes the same bytes, or none", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const text = decodeUtf8(bytes);
      if (text !== undefined) assertEquals(encodeUtf8(text), bytes);
    }));
  });
});

describe("encodeBase64()", () => {
  const vectors = [["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], [
    "foobar",
    "Zm9vYmFy",
  ]];
  for (const [text, base64] of vectors as [string, string][]) {
    it(`gives '${base64}' for '${text}', as RFC 4648 does`, () => {
      assertEquals(encodeBase64(encodeUtf8(text)), base64);
    });
  }

  it("goes there and back with 1 MiB", () => {
    const bytes = Uint8Array.from({ length: 2 ** 20 }, (_, at) => at * 31);
    assertEquals(decodeBase64(encodeBase64(bytes)), bytes);
  });
});

describe("decodeBase64()", () => {
  for (const text of ["a", "a===", "%%%%", "ä"]) {
    it(`tells that '${text}' is no base64`, () => assertEquals(decodeBase64(text), undefined));
  }
});
