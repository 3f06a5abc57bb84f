import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Trail } from "./trail.ts";

describe("Trail", () => {
  it("remembers where it is, where it was last, and less and less of what is long ago", () => {
    const trail = new Trail("0-0");
    for (let at = 1; at <= 10_000; at++) trail.goOn(`${at}-0`);
    const ages = trail.backwards.map((id) => 10_000 - parseInt(id));
    assertEquals(trail.end, "10000-0");
    assertEquals(ages.slice(0, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert(ages.length <= 100, `${ages.length} are many`);
    for (const age of [10, 100, 1_000, 4_000]) {
      const next = ages.find((one) => one >= age)!;
      assert(next <= 2 * age, `${next} is the next after ${age}`);
    }
  });

  it("forgets what comes after where it has gone back to", () => {
    const trail = new Trail("1-0");
    for (const id of ["2-0", "3-0", "4-0"]) trail.goOn(id);
    trail.goBack("2-0");
    trail.goOn("5-0");
    assertEquals(trail.backwards, ["5-0", "2-0", "1-0"]);
  });
});
