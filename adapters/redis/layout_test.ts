import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Rec } from "@beat/beat/message";
import { DIRECT_FIELDS, type Layout, RECORD } from "./layout.ts";

const ENTRY = { id: "orders//7-0", time: 7 };
const UTF8 = new TextEncoder();

const REC: Rec = {
  id: "one",
  key: "order-7",
  headers: [["tenant", "ä"], ["Tenant", ""], ["12", "number"]],
  payload: Uint8Array.of(0, 255, 13, 10),
  time: 1_700_000_000_000,
};

/** Fields as the server gives them. */
function stored(words: readonly (string | Uint8Array)[]): Uint8Array[] {
  return words.map((word) => typeof word === "string" ? UTF8.encode(word) : word);
}

function sorted({ headers, ...rest }: Rec) {
  return { ...rest, headers: headers.toSorted(([one], [other]) => one < other ? -1 : 1) };
}

for (const [name, layout] of Object.entries({ RECORD, DIRECT_FIELDS })) {
  describe(name, () => {
    it("brings a record there and back", () => {
      const back = layout.read(stored(layout.write(REC)), ENTRY);
      assertEquals(sorted(back), sorted(REC));
    });

    it("brings a record without key, headers and payload there and back", () => {
      const bare = { ...REC, key: "", headers: [], payload: new Uint8Array() };
      assertEquals(layout.read(stored(layout.write(bare)), ENTRY), bare);
    });

    it("names what somebody else wrote by its place, and its fields become headers", () => {
      const rec = layout.read(stored(["total", "12", "customer", "7"]), ENTRY);
      assertEquals(rec, {
        id: ENTRY.id,
        key: "",
        headers: [["total", "12"], ["customer", "7"]],
        payload: new Uint8Array(),
        time: ENTRY.time,
      });
    });

    it("gives payloads the methods that users know", () => {
      const { payload } = layout.read(stored(layout.write(REC)), ENTRY);
      assertEquals(payload.constructor, Uint8Array);
    });
  });
}

describe("RECORD", () => {
  it("takes for a header what is none of ours", () => {
    const headersOf = (layout: Layout, text: string) =>
      layout.read(stored(["headers", text]), ENTRY).headers;
    for (const text of ["[", '{"a":1}', "[[1,2]]", '[["one"]]']) {
      assertEquals(headersOf(RECORD, text), [["headers", text]]);
    }
  });
});

describe("DIRECT_FIELDS", () => {
  it("refuses metadata that would hide a field of its own", () => {
    const rec = { ...REC, headers: [["payload", "x"]] as const };
    assertThrows(() => DIRECT_FIELDS.write(rec), RangeError, "metadata 'payload'");
  });

  it("writes what everybody can read", () => {
    const fields = DIRECT_FIELDS.write({ ...REC, headers: [["tenant", "a"]] });
    assertEquals(fields.slice(0, 8), [
      ...["_id", "one", "_time", "1700000000000"],
      ...["_key", "order-7", "tenant", "a"],
    ]);
  });
});
