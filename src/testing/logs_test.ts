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

  it("takes the last outcome of a message that was published again", () => {
    const produced: Produced[] = [{ id: "a", outcome: "failed" }, acked("a")];
    assertEquals(compareLogs(produced, seen("a")), []);
  });

  it("finds what came before something of its key that was published earlier", () => {
    const produced = [acked("a1", "a"), acked("b1", "b"), acked("a2", "a")];
    assertEquals(compareLogs(produced, seen("a2", "b1", "a1"), { ordered: true }), [
      "'a1' of key 'a' came after 'a2', which was published later",
    ]);
    assertEquals(compareLogs(produced, seen("b1", "a1", "a2"), { ordered: true }), []);
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
