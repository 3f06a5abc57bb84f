import { AssertionError, withSuffix } from "./assertion_error.ts";
import { format } from "./_format.ts";

function expectOrder<T>(
  holds: boolean,
  actual: T,
  relation: string,
  expected: T,
  msg: string | undefined,
): void {
  if (holds) return;
  throw new AssertionError(
    withSuffix(`Expected ${format(actual)} to be ${relation} ${format(expected)}`, msg),
  );
}

/** Fails unless `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  expectOrder(actual > expected, actual, "greater than", expected, msg);
}

/** Fails unless `actual` is greater than or equal to `expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  expectOrder(actual >= expected, actual, "greater than or equal to", expected, msg);
}

/** Fails unless `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  expectOrder(actual < expected, actual, "less than", expected, msg);
}

/** Fails unless `actual` is less than or equal to `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  expectOrder(actual <= expected, actual, "less than or equal to", expected, msg);
}

/** Fails unless `actual` and `expected` differ by at most `tolerance`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const difference = Math.abs(expected - actual);
  if (difference <= allowed) return;
  throw new AssertionError(
    withSuffix(
      `Expected ${actual} to be within ${allowed} of ${expected}, it is ${difference} away`,
      msg,
    ),
  );
}
