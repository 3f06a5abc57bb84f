import { AssertionError, withSuffix } from "./assertion_error.ts";
import { describeDifference } from "./_diff.ts";
import { format } from "./_format.ts";
import { equal } from "./equal.ts";

/** Fails unless `actual` contains the text `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    withSuffix(`Expected ${format(actual)} to contain ${format(expected)}`, msg),
  );
}

/** Fails unless `actual` matches the regular expression `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(withSuffix(`Expected ${format(actual)} to match ${expected}`, msg));
}

/** Fails if `actual` matches the regular expression `expected`. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(withSuffix(`Expected ${format(actual)} not to match ${expected}`, msg));
}

/** Fails unless every item of `expected` is deeply equal to some item of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !items.some((item) => equal(item, wanted))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    withSuffix(`Expected ${format(items)} to include ${format(missing)}`, msg),
  );
}

/** Fails unless `actual` holds at least the properties of `expected`, at every depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  const selected = select(actual, expected, new Map());
  if (equal(selected, expected)) return;
  throw new AssertionError(
    `${withSuffix("Object does not match", msg)}\n${describeDifference(selected, expected)}`,
  );
}

/** The part of `actual` that `expected` speaks of. */
function select(actual: unknown, expected: unknown, seen: Map<unknown, unknown>): unknown {
  if (!isBranch(actual) || !isBranch(expected)) return actual;
  if (Array.isArray(actual) !== Array.isArray(expected)) return actual;
  if (seen.has(actual)) return seen.get(actual);
  const selected: Record<PropertyKey, unknown> = Array.isArray(actual)
    ? [] as unknown as Record<PropertyKey, unknown>
    : {};
  seen.set(actual, selected);
  for (const key of Reflect.ownKeys(expected)) {
    if (key in actual) selected[key] = select(actual[key], expected[key], seen);
  }
  return selected;
}

function isBranch(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ||
    !/^\[object (Map|Set|Date|RegExp|.*Array|ArrayBuffer|Error)\]$/.test(
      Object.prototype.toString.call(value),
    );
}
