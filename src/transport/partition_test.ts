import { assertEquals, assertLess } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fnv1a, partitionOf } from "./partition.ts";

describe("fnv1a()", () => {
  // From the test vectors that the authors of FNV publish.
  const vectors: [text: string, hash: number][] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["foobar", 0xbf9cf968],
  ];
  for (const [text, hash] of vectors) {
    it(`hashes '${text}' as its authors do`, () => assertEquals(fnv1a(text), hash));
  }

  it("takes the UTF-8 bytes of what is not ASCII", () => {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode("größe €😀")) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    assertEquals(fnv1a("größe €😀"), hash >>> 0);
  });
});

describe("partitionOf()", () => {
  it("spreads keys over all partitions", () => {
    const counts = new Array(16).fill(0);
    for (let i = 0; i < 16_000; i++) counts[partitionOf(`order-${i}`, 16)]++;
    for (const count of counts) assertLess(Math.abs(count - 1_000), 300);
  });
});
