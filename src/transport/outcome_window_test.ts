import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { OutcomeWindow } from "./outcome_window.ts";

describe("an outcome window", () => {
  it("counts what is within the window, a tenth of which it forgets at a time", () => {
    const outcomes = new OutcomeWindow(1_000);
    outcomes.add(50, true);
    outcomes.add(150, false);
    assertEquals(outcomes.totals(999), { calls: 2, failures: 1 });
    assertEquals(outcomes.totals(1_000), { calls: 1, failures: 0 });
    assertEquals(outcomes.totals(1_100), { calls: 0, failures: 0 });
  });

  it("forgets everything, also where the clock began less than a window ago", () => {
    const outcomes = new OutcomeWindow(1_000);
    for (let i = 0; i < 3; i++) outcomes.add(10, true);
    outcomes.clear();
    assertEquals(outcomes.totals(20), { calls: 0, failures: 0 });
    outcomes.add(120, true);
    assertEquals(outcomes.totals(120), { calls: 1, failures: 1 });
  });
});
