import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { fastUuid, newUuid } from "./uuid.ts";

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Each place of a UUID: x any digit, y a variant, the others as they are. */
const VERSION_4_PLACES = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
const POSSIBLE: Record<string, number> = { x: 16, y: 4, "-": 1, "4": 1 };

for (const make of [newUuid, fastUuid]) {
  describe(`${make.name}()`, () => {
    it("makes UUIDs of version 4, each another one", () => {
      const uuids = Array.from({ length: 2_000 }, make);
      for (const uuid of uuids) assertMatch(uuid, VERSION_4);
      assertEquals(new Set(uuids).size, uuids.length);
    });

    it("uses all values in each place of its random digits", () => {
      const uuids = Array.from({ length: 2_000 }, make);
      for (const [place, digit] of [...VERSION_4_PLACES].entries()) {
        const found = new Set(uuids.map((uuid) => uuid[place]));
        assertEquals(found.size, POSSIBLE[digit]);
      }
    });
  });
}

describe("newUuid()", () => {
  it("asks the platform once for 256 UUIDs, and fastUuid() never", () => {
    const asked = spy(crypto, "getRandomValues");
    try {
      for (let made = 0; made < 1_024; made++) newUuid();
      assertSpyCalls(asked, 4);
      fastUuid();
      assertSpyCalls(asked, 4);
    } finally {
      asked.restore();
    }
  });
});
