import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { completeOptions, mostThreads } from "./thread_options.ts";

const handlers = new URL("file:///handlers.ts");

/** Runs a test on a machine that says it has so many processors. */
function withProcessors(count: number, run: () => void): void {
  Object.defineProperty(navigator, "hardwareConcurrency", { value: count, configurable: true });
  try {
    run();
  } finally {
    delete (navigator as { hardwareConcurrency?: number }).hardwareConcurrency;
  }
}

describe("the number of threads", () => {
  it("is one less than there are processors, and at least 1", () => {
    for (const [processors, threads] of [[1, 1], [2, 1], [8, 7], [32, 31]]) {
      withProcessors(processors, () => {
        assertEquals(completeOptions({ handlers }).threads, threads);
      });
    }
  });

  it("is what rings have room for where there are more processors", () => {
    withProcessors(256, () => {
      assertEquals(completeOptions({ handlers }).threads, 31);
      assertEquals(completeOptions({ handlers, capacity: 2 ** 16 }).threads, 63);
      assertEquals(completeOptions({ handlers, capacity: 2 ** 20 }).threads, 15);
    });
  });

  it("is refused beyond that", () => {
    for (const capacity of [2 ** 12, 2 ** 18, 2 ** 24]) {
      const threads = mostThreads(capacity);
      assertEquals(completeOptions({ handlers, capacity, threads }).threads, threads);
      const more = { handlers, capacity, threads: threads + 1 };
      const says = `'threads' must be at most ${threads} with rings of ${capacity} bytes`;
      assertThrows(() => completeOptions(more), RangeError, says);
    }
  });
});
