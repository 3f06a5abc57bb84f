import { AssertionError, withSuffix } from "./assertion_error.ts";

// deno-lint-ignore no-explicit-any
type ErrorConstructorOf<E extends Error> = abstract new (...args: any[]) => E;

interface Expectation {
  ErrorClass?: ErrorConstructorOf<Error>;
  msgIncludes?: string;
  msg?: string;
}

function expectation(
  first: string | ErrorConstructorOf<Error> | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation {
  const expected: Expectation = {};
  if (typeof first === "string") expected.msg = first;
  else if (first !== undefined) expected.ErrorClass = first;
  if (msgIncludes !== undefined) expected.msgIncludes = msgIncludes;
  if (msg !== undefined) expected.msg = msg;
  return expected;
}

function checkThrown(thrown: unknown, { ErrorClass, msgIncludes, msg }: Expectation): void {
  if (ErrorClass === undefined) return;
  if (!(thrown instanceof Error)) {
    throw new AssertionError(withSuffix(`Expected an Error, got ${String(thrown)}`, msg));
  }
  const { name, message } = thrown;
  if (!(thrown instanceof ErrorClass)) {
    throw new AssertionError(
      withSuffix(
        `Expected error to be instance of "${ErrorClass.name}", but was "${name}": ${message}`,
        msg,
      ),
      { cause: thrown },
    );
  }
  if (msgIncludes !== undefined && !message.includes(msgIncludes)) {
    throw new AssertionError(
      withSuffix(
        `Expected error message to include ${JSON.stringify(msgIncludes)}, but got ${
          JSON.stringify(message)
        }`,
        msg,
      ),
      { cause: thrown },
    );
  }
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws an `ErrorClass` whose message includes `msgIncludes`; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  first?: string | ErrorConstructorOf<Error>,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(first, msgIncludes, msg);
  try {
    fn();
  } catch (thrown) {
    checkThrown(thrown, expected);
    return thrown;
  }
  throw new AssertionError(withSuffix("Expected function to throw", expected.msg));
}

/** Fails unless the promise of `fn` rejects; returns the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise of `fn` rejects with an `ErrorClass` whose message includes `msgIncludes`. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  first?: string | ErrorConstructorOf<Error>,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(first, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (thrown) {
    // A synchronous throw is not a rejection: callers that chain `.catch` would miss it.
    throw new AssertionError(
      withSuffix("Function throws when expected to reject", expected.msg),
      { cause: thrown },
    );
  }
  try {
    await promise;
  } catch (reason) {
    checkThrown(reason, expected);
    return reason;
  }
  throw new AssertionError(withSuffix("Expected function to reject", expected.msg));
}
