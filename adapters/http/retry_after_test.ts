import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatRetryAfter, parseRetryAfter } from "./retry_after.ts";

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

const inFuture = (ms: number) => new Date(NOW + ms).toUTCString();

describe("Retry-After", () => {
  const read: [text: string | undefined, wait: number | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    ["soon", undefined],
    ["0", 0],
    ["7", 7_000],
    [inFuture(9_000), 9_000],
    [inFuture(0), 0],
    [inFuture(-60_000), 0],
  ];
  for (const [text, wait] of read) {
    it(`'${text}' is ${wait === undefined ? "none" : `${wait} ms`}`, () =>
      assertEquals(parseRetryAfter(text, NOW), wait));
  }

  it("is a day at most, whatever was asked for", () => {
    for (const text of ["86400", "86401", "9".repeat(400), inFuture(DAY), inFuture(365 * DAY)]) {
      assertEquals(parseRetryAfter(text, NOW), DAY, text);
    }
  });

  it("is written in whole seconds, and never in fewer than asked for", () => {
    assertEquals([0, 1, 1_000, 1_001, DAY].map(formatRetryAfter), ["0", "1", "1", "2", "86400"]);
  });
});
