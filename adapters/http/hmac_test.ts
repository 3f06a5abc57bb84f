import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createHmac, createWebHmac, type Hmac } from "./hmac.ts";
import { findNodeCrypto } from "./node_crypto.ts";

const TEXT = new TextEncoder();

/** RFC 4231, test case 2. */
const KEY = TEXT.encode("Jefe");
const HEAD = "what do ya want ";
const BODY = TEXT.encode("for nothing?");
const HASH = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

const ways: [name: string, create: (key: Uint8Array<ArrayBuffer>) => Hmac][] = [
  ["createHmac()", createHmac],
  ["createWebHmac()", createWebHmac],
];

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

for (const [name, create] of ways) {
  describe(name, () => {
    it("signs as RFC 4231 has it, and verifies that", async () => {
      const hmac = create(KEY);
      const hash = Uint8Array.from(await hmac.sign(HEAD, BODY));
      assertEquals(toHex(hash), HASH);
      assertEquals(await hmac.verify(hash, HEAD, BODY), true);
    });

    it("refuses another hash, another head, another body and another length", async () => {
      const hmac = create(KEY);
      const hash = Uint8Array.from(await hmac.sign(HEAD, BODY));
      const other = hash.slice();
      other[31]! ^= 1;
      assertEquals(await hmac.verify(other, HEAD, BODY), false);
      assertEquals(await hmac.verify(hash, HEAD.slice(1), BODY), false);
      assertEquals(await hmac.verify(hash, HEAD, BODY.slice(1)), false);
      assertEquals(await hmac.verify(hash.slice(0, 31), HEAD, BODY), false);
    });
  });
}

describe("createHmac(), where there is node:crypto", () => {
  const node = findNodeCrypto();
  (node === undefined ? it.skip : it)(
    "leaves the comparison to timingSafeEqual(), which tells nothing by its time",
    async () => {
      const hmac = createHmac(KEY);
      const right = Uint8Array.from(await hmac.sign(HEAD, BODY));
      const wrong = right.slice();
      wrong[0]! ^= 1;
      const crypto = node as { timingSafeEqual(one: Uint8Array, other: Uint8Array): boolean };
      const { timingSafeEqual } = crypto;
      const compared: [one: string, other: string][] = [];
      // What it answers is not what is so: nothing else can have decided.
      crypto.timingSafeEqual = (one, other) => {
        compared.push([toHex(one), toHex(other)]);
        return !timingSafeEqual(one, other);
      };
      try {
        assertEquals(await hmac.verify(right, HEAD, BODY), false);
        assertEquals(await hmac.verify(wrong, HEAD, BODY), true);
      } finally {
        crypto.timingSafeEqual = timingSafeEqual;
      }
      assertEquals(compared, [[HASH, HASH], [HASH, toHex(wrong)]]);
    },
  );
});

describe("both ways", () => {
  it("come to the same with keys of every length, those that are longer than a block too", async () => {
    for (const size of [1, 24, 63, 64, 65, 131]) {
      const key = new Uint8Array(size).map((_, at) => at * 7 + size);
      const [one, other] = ways.map(([, create]) => create(key)) as [Hmac, Hmac];
      const hash = Uint8Array.from(await one.sign(HEAD, BODY));
      assertEquals(await other.verify(hash, HEAD, BODY), true, String(size));
    }
  });

  it("come to the same at every size, on either side of what is hashed elsewhere", async () => {
    const [one, other] = ways.map(([, create]) => create(KEY)) as [Hmac, Hmac];
    for (const size of [0, 1, 64, 1_024, 262_143, 262_144, 262_145]) {
      const content = new Uint8Array(size).fill(size % 251);
      const hash = Uint8Array.from(await one.sign(HEAD, content));
      assertEquals(toHex(hash), toHex(await other.sign(HEAD, content)), String(size));
      assertEquals(
        [await one.verify(hash, HEAD, content), await other.verify(hash, HEAD, content)],
        [
          true,
          true,
        ],
      );
    }
  });
});
