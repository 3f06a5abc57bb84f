import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { DeliveryCounts } from "./delivery_counts.ts";

describe("the counts of deliveries", () => {
  it("are 1 first, and one more after each that failed, until it is done", () => {
    const counts = new DeliveryCounts();
    const seen = [counts.of("a")];
    for (let times = 0; times < 2; times++) {
      counts.failed("a");
      seen.push(counts.of("a"), counts.of("a"));
    }
    assertEquals(seen, [1, 2, 2, 3, 3]);
    counts.done("b");
    assertEquals([counts.of("a"), counts.of("b")], [3, 1]);
    counts.done("a");
    assertEquals(counts.of("a"), 1);
  });

  it("are known of the ten thousand that have failed last", () => {
    const counts = new DeliveryCounts();
    for (let key = 0; key < 10_000; key++) counts.failed(`${key}`);
    // It fails again, and is now the last.
    counts.failed("0");
    assertEquals(["0", "1", "9999"].map((key) => counts.of(key)), [3, 2, 2]);
    counts.failed("more");
    assertEquals(["0", "1", "2", "more"].map((key) => counts.of(key)), [3, 1, 2, 2]);
  });
});
