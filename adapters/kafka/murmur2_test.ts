import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { murmur2, partitionOfKey } from "./murmur2.ts";

const UTF8 = new TextEncoder();

/** What the tests of Kafka's Java client expect (org.apache.kafka.common.utils.UtilsTest). */
const HASHES: readonly [text: string, hash: number][] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

/**
 * What `toPositive(murmur2(key)) % partitions` of kafka-clients 4.3.1 is for 1 000 keys: the digest of the
 * partitions as digits to the base 12.
 */
const CHOICES: readonly [partitions: number, digest: string][] = [
  [3, "6650a7a7f61d9fd89acb121a368dbca6b2ced22c073331b65a7f1a67fed2c8e1"],
  [5, "aad4f2fe7d846f0e90d1f08b9cad7d09570fa9c25e5c1fd4c7090d339fda39a9"],
  [12, "0f993fb60d86274b0fcc3cd3c157c127b67f3d085d41417350a3ed1107ef8aea"],
];

describe("murmur2()", () => {
  it("hashes as the Java client does", () => {
    assertEquals(
      HASHES.map(([text]) => murmur2(UTF8.encode(text))),
      HASHES.map(([, hash]) => hash),
    );
  });

  it("takes bytes that are no text, and none at all", () => {
    assertEquals(murmur2(new Uint8Array()), 275646681);
    assertEquals(murmur2(Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb)), 524068735);
  });
});

describe("partitionOfKey()", () => {
  it("chooses the partition that the Java client chooses, of 3, 5 and 12", async () => {
    for (const [partitions, digest] of CHOICES) {
      const chosen = Array.from({ length: 1_000 }, (_, at) => {
        const key = UTF8.encode(`key-${at}-ü`);
        return partitionOfKey(key, partitions).toString(12);
      });
      assertEquals(await sha256(chosen.join("")), digest, `of ${partitions}`);
    }
  });
});

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", UTF8.encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
