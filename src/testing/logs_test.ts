import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { compareLogs, type Produced } from "./logs.ts";

const acked = (id: string, key = ""): Produced => ({ id, key, outcome: "acked" });
const seen = (...ids: string[]) => ids.map((id) => ({ id }));

describe("compareLogs()", () => {
  it("finds nothing when all that was confirmed came once", () => {
    assertEquals(compareLogs([acked("a"), acked("b")], seen("b", "a")), []);
  });

  it("finds what was confirmed and never came", () => {
    assertEquals(compareLogs([acked("a"), acked("b")], seen("b")), [
      "'a' was confirmed and never came",
    ]);
  });

  it("finds what came although its publishing failed", () => {
    const produced: Produced[] = [{ id: "a", outcome: "failed" }];
    assertEquals(compareLogs(produced, seen("a")), ["'a' came although its publishing failed"]);
    assertEquals(compareLogs(produced, []), []);
  });

  it("lets come, or not, what nobody knows of", () => {
    const produced: Produced[] = [{ id: "a", outcome: "unknown" }];
    assertEquals(compareLogs(produced, seen("a")), []);
    assertEquals(compareLogs(produced, []), []);
  });

  it("finds what nobody published", () => {
    assertEquals(compareLogs([], seen("x")), ["'x' came and nobody published it"]);
  });

  it("counts duplicates against what is allowed, and names them", () => {
    const consumed = seen("a", "a", "b", "a");
    assertEquals(compareLogs([acked("a"), acked("b")], consumed), [
      "2 deliveries are duplicates, 0 may be: of 'a'",
    ]);
    assertEquals(compareLogs([acked("a"), acked("b")], consumed, { duplicates: 2 }), []);
  });

  it("combines the outcomes of a message that was published again, in any order", () => {
    const entry = (outcome: Produced["outcome"]) => ({ id: "a", outcome });
    const [failed, unknown, confirmed] = [entry("failed"), entry("unknown"), entry("acked")];
    const lost = ["'a' was confirmed and never came"];
    for (const other of [failed, unknown]) {
      for (const produced of [[confirmed, other], [other, confirmed]]) {
        assertEquals(compareLogs(produced, seen("a")), []);
        assertEquals(compareLogs(produced, []), lost);
      }
    }
    for (const produced of [[failed, unknown], [unknown, failed]]) {
      assertEquals(compareLogs(produced, seen("a")), []);
      assertEquals(compareLogs(produced, []), []);
    }
  });

  it("takes for disorder only what none of the times that it was published explains", () => {
    const a1 = (outcome: Produced["outcome"]) => ({ id: "a1", key: "a", outcome });
    const fault = ["'a1' of key 'a' came after 'a2', which was published later"];
    const orders = (...produced: Produced[]) =>
      [seen("a1", "a2"), seen("a2", "a1")].map((consumed) =>
        compareLogs(produced, consumed, { ordered: true })
      );
    assertEquals(orders(acked("a1", "a"), acked("a2", "a"), acked("a1", "a")), [[], fault]);
    assertEquals(orders(a1("unknown"), acked("a2", "a"), acked("a1", "a")), [[], []]);
    const late = ["'a2' of key 'a' came after 'a1', which was published later"];
    assertEquals(orders(a1("failed"), acked("a2", "a"), acked("a1", "a")), [late, []]);
  });

  it("finds what came before something of its key that was published earlier", () => {
    const produced = [acked("a1", "a"), acked("b1", "b"), acked("a2", "a")];
    assertEquals(compareLogs(produced, seen("a2", "b1", "a1"), { ordered: true }), [
      "'a1' of key 'a' came after 'a2', which was published later",
    ]);
    assertEquals(compareLogs(produced, seen("b1", "a1", "a2"), { ordered: true }), []);
    assertEquals(compareLogs(produced, seen("a2", "b1", "a1")), []);
  });

  it("goes by what came first: a repeat is no disorder, and what has no key has no order", () => {
    const produced = [acked("a1", "a"), acked("a2", "a"), acked("x"), acked("y")];
    const consumed = seen("y", "a1", "a2", "a1", "a2", "x");
    assertEquals(compareLogs(produced, consumed, { ordered: true, duplicates: 2 }), []);
  });

  it("refuses options that it does not know", () => {
    assertThrows(() => compareLogs([], [], { duplicates: -1 }), RangeError, "'duplicates'");
    assertThrows(() => compareLogs([], [], { order: true } as never), TypeError, "'order'");
  });
});
