import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { SendItem } from "./port.ts";
import { checkPayload, sendBy } from "./sending.ts";

function itemOf(key: string, bytes = 0): SendItem {
  const rec = { id: "1", key, headers: [], payload: new Uint8Array(bytes), time: 0 };
  return { topic: "orders", rec, identity: "orders:1" };
}

describe("sendBy()", () => {
  const cause = new RangeError("too large");
  /** Refuses what has bytes; what is sent is its key. */
  const write = ({ rec }: SendItem) => {
    if (rec.payload.length > 0) throw cause;
    return rec.key;
  };

  it("does not attempt what follows a refused item of its key, and sends all else", async () => {
    const sent: string[] = [];
    const items = [
      itemOf("a", 1),
      itemOf("b"),
      itemOf("a"),
      itemOf("", 1),
      itemOf(""),
      itemOf("c"),
    ];
    const results = await sendBy(items, () =>
      Promise.resolve({
        write,
        send(written: readonly string[]) {
          sent.push(...written);
          return Promise.resolve([undefined, { cause, outcome: "unknown" }, undefined] as const);
        },
      }));
    assertEquals(sent, ["b", "", "c"]);
    assertEquals(results, [
      { cause, outcome: "rejected" },
      undefined,
      { cause, outcome: "not-attempted" },
      { cause, outcome: "rejected" },
      { cause, outcome: "unknown" },
      undefined,
    ]);
  });

  it("sends nothing where nothing could be written", async () => {
    let calls = 0;
    const send = () => {
      calls++;
      return Promise.resolve([]);
    };
    const results = await sendBy([itemOf("a", 1)], () => Promise.resolve({ write, send }));
    assertEquals(results, [{ cause, outcome: "rejected" }]);
    assertEquals(calls, 0);
  });

  it("takes an answer that is missing for none", async () => {
    const send = () => Promise.resolve([undefined]);
    const sending = sendBy([itemOf("a"), itemOf("b")], () => Promise.resolve({ write, send }));
    await assertRejects(() => sending, Error, "has answered 1 of 2 records");
  });

  it("names every item as refused where there is no way", async () => {
    const cause = new Error("no server");
    const results = await sendBy([itemOf("a"), itemOf("b")], () => Promise.reject(cause));
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
