import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Ledger } from "./ledger.ts";

/** A ledger in which all of these were confirmed, then seen in this order. */
function ledgerOf(confirmed: number, seen: readonly number[]): Ledger {
  const ledger = new Ledger();
  for (let sequence = 0; sequence < confirmed; sequence++) ledger.confirm({ key: "a", sequence });
  for (const sequence of seen) ledger.see({ key: "a", sequence });
  return ledger;
}

describe("the ledger of a soak", () => {
  it("finds nothing where all came in order, repeats within the allowance", () => {
    const verdict = ledgerOf(4, [0, 1, 0, 1, 2, 3]).judge(2);
    assertEquals(verdict, { confirmed: 4, seen: 4, duplicates: 2, faults: [] });
  });

  it("names what was confirmed and never seen", () => {
    assertEquals(ledgerOf(4, [0, 2]).judge(0).faults, ["lost: a:1, a:3"]);
    assertEquals(ledgerOf(12, []).judge(0).faults[0]!.endsWith("a:9 and 2 more"), true);
  });

  it("names a key whose messages were first seen out of order", () => {
    assertEquals(ledgerOf(4, [0, 2, 1, 3]).judge(0).faults, ["order of 'a': 1 came after 2"]);
  });

  it("counts more repeats than the faults explain", () => {
    const { faults } = ledgerOf(2, [0, 0, 0, 1]).judge(1);
    assertEquals(faults, ["duplicates: 2, of which the faults explain 1"]);
  });

  it("allows what was seen and never confirmed: its outcome was unknown", () => {
    assertEquals(ledgerOf(1, [0, 1]).judge(0).faults, []);
  });

  it("waits until all is seen, or nothing comes any more", async () => {
    const ledger = ledgerOf(2, [0]);
    const settled = ledger.settle(60_000);
    ledger.see({ key: "a", sequence: 1 });
    await settled;
    assertEquals(ledger.isComplete, true);
    ledger.confirm({ key: "b", sequence: 0 });
    await ledger.settle(1);
    assertEquals(ledger.missing, ["b:0"]);
  });
});
