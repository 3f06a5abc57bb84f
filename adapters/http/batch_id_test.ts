import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { batchId, hashByWeb, hashOf } from "./batch_id.ts";

describe("hashOf()", () => {
  it("is the SHA-256 of the texts as JSON, whoever computes it", async () => {
    // FIPS 180-4, as any tool has it: printf '["a"]' | sha256sum
    const known = "0eb5b8d6f81bc677da8a08567cc4fa9a06a57e9ec8da85ed73a7f62727996002";
    assertEquals(await hashOf(["a"]), known);
    for (const texts of [[], [""], ["a"], ["é\ud83d\ude00"], ["a", "b"], ["x".repeat(5_000)]]) {
      const hash = await hashOf(texts);
      assertMatch(hash, /^[0-9a-f]{64}$/);
      assertEquals(hash, await hashByWeb(JSON.stringify(texts)));
    }
  });

  it("tells texts apart that are the same one after the other", async () => {
    const alike = [["ab"], ["a", "b"], ["", "ab"], ['a","b'], ["ba"]];
    const hashes = await Promise.all(alike.map((texts) => hashOf(texts)));
    assertEquals(new Set(hashes).size, alike.length);
  });
});

describe("batchId()", () => {
  it("has no dot, which would end it in what is signed", async () => {
    assertMatch(await batchId(["a.b", "c"]), /^batch_[0-9a-f]{64}$/);
  });
});
