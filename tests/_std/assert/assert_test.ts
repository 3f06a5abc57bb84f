import { describe, it } from "@std/testing/bdd";
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
} from "@std/assert";

class Point {
  constructor(public_x: number, y: number) {
    Object.assign(this, { x: public_x, y });
  }
}

interface Node {
  name: string;
  next?: Node;
}

function ring(name: string): Node {
  const first: Node = { name };
  first.next = { name, next: first };
  return first;
}

const EQUAL: [string, unknown, unknown][] = [
  ["NaN", NaN, NaN],
  ["plain objects whatever the order of keys", { a: 1, b: [2] }, { b: [2], a: 1 }],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["maps by value", new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
  ["sets by value", new Set([{ a: 1 }, { b: 2 }]), new Set([{ b: 2 }, { a: 1 }])],
  ["dates", new Date(5), new Date(5)],
  ["typed arrays", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
  ["cycles of the same shape", ring("a"), ring("a")],
  ["errors", new TypeError("x", { cause: 1 }), new TypeError("x", { cause: 1 })],
  ["symbol keys", { [Symbol.for("k")]: 1 }, { [Symbol.for("k")]: 1 }],
];

const DIFFERENT: [string, unknown, unknown][] = [
  ["a missing key and one that is undefined", { a: undefined }, {}],
  ["the same number of other keys", { a: 1 }, { b: 1 }],
  ["a class and a plain object", new Point(1, 2), { x: 1, y: 2 }],
  ["maps with another value", new Map([["a", 1]]), new Map([["a", 2]])],
  ["sets with a repeated match", new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }])],
  ["dates", new Date(5), new Date(6)],
  ["typed arrays of another type", new Uint8Array([1]), new Int8Array([1])],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  ["a hole and undefined", [, 1], [undefined, 1]],
  ["lengths", [1], [1, undefined]],
  ["cycles of another shape", ring("a"), ring("b")],
  ["errors with another message", new Error("x"), new Error("y")],
  ["a number and its text", 1, "1"],
  ["null and an object", null, {}],
];

describe("equal()", () => {
  for (const [what, a, b] of EQUAL) {
    it(`holds for ${what}`, () => {
      assert(equal(a, b) && equal(b, a));
    });
  }
  for (const [what, a, b] of DIFFERENT) {
    it(`tells apart ${what}`, () => {
      assert(!equal(a, b) && !equal(b, a));
    });
  }
});

describe("assertEquals()", () => {
  it("shows only the lines that differ as differing", () => {
    const { message } = assertThrows(
      () => assertEquals({ same: 1, other: "left" }, { same: 1, other: "right" }),
      AssertionError,
    );
    assertStringIncludes(message, '-     other: "left"');
    assertStringIncludes(message, '+     other: "right"');
    assertStringIncludes(message, "      same: 1");
  });

  it("has a sibling that fails on equal values", () => {
    assertThrows(() => assertNotEquals([1], [1]), AssertionError);
  });
});

describe("assertThrows()", () => {
  it("returns the error", () => {
    const error = new RangeError("too far");
    assertStrictEquals(assertThrows(() => fail(error), RangeError, "far"), error);
  });

  it("fails when nothing is thrown, when the class differs, when the message differs", () => {
    assertThrows(() => assertThrows(() => 1), AssertionError, "Expected function to throw");
    const error = new RangeError("too far");
    assertThrows(() => assertThrows(() => fail(error), TypeError), AssertionError, "TypeError");
    assertThrows(() => assertThrows(() => fail(error), Error, "near"), AssertionError, "near");
  });
});

describe("assertRejects()", () => {
  it("returns the reason", async () => {
    const reason = new Error("later");
    assertStrictEquals(await assertRejects(() => Promise.reject(reason)), reason);
  });

  it("fails on a promise that resolves and on a synchronous throw", async () => {
    await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
    await assertRejects(
      () => assertRejects(() => fail(new Error("now"))),
      AssertionError,
      "throws",
    );
  });
});

describe("assertObjectMatch()", () => {
  it("looks only at the properties asked for", () => {
    assertObjectMatch({ a: { b: 1, c: 2 }, d: [1, 2] }, { a: { b: 1 }, d: [1, 2] });
  });

  it("fails on a property that differs or is missing", () => {
    assertThrows(() => assertObjectMatch({ a: 1 }, { a: 2 }), AssertionError);
    assertThrows(() => assertObjectMatch({ a: 1 }, { b: 1 }), AssertionError);
  });
});

describe("other assertions", () => {
  it("fail when they do not hold", () => {
    assertArrayIncludes([1, { a: 1 }], [{ a: 1 }]);
    assertThrows(() => assertArrayIncludes([1], [2]), AssertionError);
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertThrows(() => assertAlmostEquals(1, 1.1, 0.01), AssertionError);
  });
});

function fail(error: Error): never {
  throw error;
}
