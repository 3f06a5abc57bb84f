import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  ANYTHING,
  BOOLEAN,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integer,
  integerWithin,
  powerOfTwo,
  SIGNAL,
} from "./options.ts";

const RULES = {
  flag: BOOLEAN,
  hook: FUNCTION,
  signal: SIGNAL,
  delay: DURATION,
  size: integer(1),
  count: integerWithin(1, 8),
  room: powerOfTwo(4, 64),
  mode: choice("fast", "safe"),
  note: ANYTHING,
};

function refusal(options: object): string {
  const error = assertThrows(() => checkOptions("build it", options, RULES), Error);
  return `${error.name}: ${error.message}`;
}

describe("checkOptions()", () => {
  it("accepts options that keep their rules, and what is left out", () => {
    const signal = AbortSignal.abort();
    checkOptions("build it", {}, RULES);
    checkOptions("build it", { flag: undefined }, RULES);
    checkOptions("build it", { flag: true, hook: () => {}, signal, mode: "safe" }, RULES);
    checkOptions("build it", { delay: Infinity, size: 1 }, RULES);
    for (const count of [1, 8]) checkOptions("build it", { count }, RULES);
    for (const room of [4, 32, 64]) checkOptions("build it", { room }, RULES);
    for (const note of [null, 5, "x", {}, () => {}]) checkOptions("build it", { note }, RULES);
  });

  const refused: [options: object, error: string][] = [
    [{ flag: 1 }, "TypeError: Cannot build it as 'flag' must be a boolean: current value is 1"],
    [
      { flag: null },
      "TypeError: Cannot build it as 'flag' must be a boolean: current value is null",
    ],
    [
      { hook: "x" },
      "TypeError: Cannot build it as 'hook' must be a function: current value is 'x'",
    ],
    [
      { signal: {} },
      "TypeError: Cannot build it as 'signal' must be an AbortSignal: current value is [object Object]",
    ],
    [
      { delay: -1 },
      "RangeError: Cannot build it as 'delay' must be at least 0 ms: current value is -1",
    ],
    [
      { delay: NaN },
      "RangeError: Cannot build it as 'delay' must be at least 0 ms: current value is NaN",
    ],
    [
      { delay: "1" },
      "TypeError: Cannot build it as 'delay' must be at least 0 ms: current value is '1'",
    ],
    [
      { size: 1.5 },
      "RangeError: Cannot build it as 'size' must be an integer of at least 1: current value is 1.5",
    ],
    [
      { count: 9 },
      "RangeError: Cannot build it as 'count' must be an integer from 1 to 8: current value is 9",
    ],
    [
      { room: 48 },
      "RangeError: Cannot build it as 'room' must be a power of two from 4 to 64: current value is 48",
    ],
    [
      { mode: "fats" },
      "RangeError: Cannot build it as 'mode' must be one of fast, safe: current value is 'fats'",
    ],
    [
      { sizes: 1 },
      "TypeError: Cannot build it as option 'sizes' is unknown: known are flag, hook, signal, delay, size, count, room, mode, note",
    ],
    [
      JSON.parse('{ "__proto__": 1 }'),
      "TypeError: Cannot build it as option '__proto__' is unknown: known are flag, hook, signal, delay, size, count, room, mode, note",
    ],
  ];
  for (const count of [0, 1.5, NaN, 2 ** 53]) {
    it(`refuses ${count} where 1 to 8 are allowed`, () => {
      assertThrows(() => checkOptions("build it", { count }, RULES), RangeError, "'count'");
    });
  }

  for (const room of [0, 2, 6, 4.5, 128, 2 ** 32 + 4, NaN]) {
    it(`refuses ${room} where powers of two from 4 to 64 are allowed`, () => {
      assertThrows(() => checkOptions("build it", { room }, RULES), RangeError, "'room'");
    });
  }

  for (const [options, error] of refused) {
    it(`says "${error.slice(0, 80)}"`, () => assertEquals(refusal(options), error));
  }

  for (const options of [null, 5, "x", () => {}] as unknown as object[]) {
    it(`refuses ${typeof options} '${String(options)}' in place of options`, () => {
      assertThrows(() => checkOptions("build it", options, RULES), TypeError, "'options' must be");
    });
  }

  it("shows a value that cannot be turned into text", () => {
    assertEquals(refusal({ flag: Object.create(null) }).includes("[object Object]"), true);
    assertEquals(refusal({ flag: Symbol("s") }).includes("Symbol(s)"), true);
    assertEquals(refusal({ flag: "x".repeat(10_000) }).length < 200, true);
  });
});
