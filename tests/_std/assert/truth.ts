import { AssertionError, withSuffix } from "./assertion_error.ts";
import { format } from "./_format.ts";

// deno-lint-ignore no-explicit-any
type AnyConstructor = abstract new (...args: any[]) => any;

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, msg = ""): asserts condition {
  if (!condition) throw new AssertionError(msg);
}

/** Fails unless `condition` is falsy. */
export function assertFalse(
  condition: unknown,
  msg?: string,
): asserts condition is false | 0 | "" | null | undefined | 0n {
  if (condition) {
    throw new AssertionError(withSuffix(`Expected a falsy value, got ${format(condition)}`, msg));
  }
}

/** Fails if `actual` is `null` or `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(withSuffix(`Expected a value, got ${actual}`, msg));
  }
}

/** Fails unless `actual` is an instance of `ExpectedType`. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  ExpectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (actual instanceof ExpectedType) return;
  throw new AssertionError(
    withSuffix(`Expected an instance of "${ExpectedType.name}", got ${format(actual)}`, msg),
  );
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(withSuffix("Failed assertion", msg));
}

/** Marks a place that must never be reached. */
export function unreachable(reason?: string): never {
  throw new AssertionError(withSuffix("Unreachable code was reached", reason));
}
