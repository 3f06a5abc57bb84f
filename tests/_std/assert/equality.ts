import { AssertionError, withSuffix } from "./assertion_error.ts";
import { describeDifference } from "./_diff.ts";
import { format } from "./_format.ts";
import { equal } from "./equal.ts";

/** Fails unless `actual` and `expected` are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `${withSuffix("Values are not equal", msg)}\n${describeDifference(actual, expected)}`,
  );
}

/** Fails if `actual` and `expected` are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    withSuffix(`Expected a value different from ${format(expected)}`, msg),
  );
}

/** Fails unless `actual` and `expected` are the same value (`Object.is`). */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const reason = equal(actual, expected)
    ? `Values have the same structure but are not reference-equal\n${format(actual)}`
    : `Values are not strictly equal\n${describeDifference(actual, expected)}`;
  throw new AssertionError(msg === undefined ? reason : `${msg}: ${reason}`);
}

/** Fails if `actual` and `expected` are the same value (`Object.is`). */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    withSuffix(`Expected a value not strictly equal to ${format(expected)}`, msg),
  );
}
