import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { SendItem } from "./port.ts";
import { checkPayload, rejectAll, sendEach } from "./sending.ts";

function itemOf(key: string, bytes = 0): SendItem {
  const rec = { id: "1", key, headers: [], payload: new Uint8Array(bytes), time: 0 };
  return { topic: "orders", rec, identity: "orders:1" };
}

describe("sendEach()", () => {
  it("does not attempt what follows a refused item of its key, and sends all else", () => {
    const sent: number[] = [];
    const cause = new RangeError("too large");
    const items = ["a", "b", "a", "", "", "a"].map((key) => itemOf(key));
    const results = sendEach(items, (_item, at) => {
      if (at === 0 || at === 3) throw cause;
      sent.push(at);
    });
    assertEquals(sent, [1, 4]);
    assertEquals(results, [
      { cause, outcome: "rejected" },
      undefined,
      { cause, outcome: "not-attempted" },
      { cause, outcome: "rejected" },
      undefined,
      { cause, outcome: "not-attempted" },
    ]);
  });
});

describe("rejectAll()", () => {
  it("names every item as refused", () => {
    const cause = new Error("no server");
    const results = rejectAll([itemOf("a"), itemOf("b")], cause);
    assertEquals(results, [{ cause, outcome: "rejected" }, { cause, outcome: "rejected" }]);
  });
});

describe("checkPayload()", () => {
  it("lets through what is as large as may be, and refuses one byte more", () => {
    checkPayload(itemOf("a", 8).rec, 8);
    const text = "the payload must have at most 8 bytes: it has 9";
    assertThrows(() => checkPayload(itemOf("a", 9).rec, 8), RangeError, text);
  });
});
