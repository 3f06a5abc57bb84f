import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { resolveReconnect } from "./reconnect.ts";

/** The first delays, where everything random is `value`. */
function delays(value: number, options: Parameters<typeof resolveReconnect>[1]): number[] {
  const random = stub(Math, "random", () => value);
  try {
    const { delay } = resolveReconnect("reconnect", options);
    return [1, 2, 3, 4].map(delay);
  } finally {
    random.restore();
  }
}

describe("resolveReconnect()", () => {
  it("draws each delay from 0 to its value, so that many do not come back at once", () => {
    const options = { initialDelay: 10, multiplier: 3, maxDelay: 100 };
    assertEquals(delays(0, options), [0, 0, 0, 0]);
    assertEquals(delays(0.25, options), [2.5, 7.5, 22.5, 25]);
    assertEquals(delays(1, options), [10, 30, 90, 100]);
  });

  it("draws it anew each time", () => {
    const { delay } = resolveReconnect("reconnect");
    assertEquals(new Set(Array.from({ length: 20 }, () => delay(5))).size > 1, true);
  });
});
