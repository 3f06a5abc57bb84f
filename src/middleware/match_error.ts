import { print } from "../options/print.ts";
import { refuse } from "../options/refusal.ts";

/** A class of errors, or what tells whether an error is meant. */
export type ErrorMatch =
  | (abstract new (...args: never[]) => Error)
  | ((error: unknown) => boolean);

/** The causes that are looked at: a chain may be a circle. */
const DEPTH = 16;

/**
 * Makes a function that tells whether an error, or one in the chain of its `cause`s, is of one of
 * the classes or meant by one of the predicates. Looks 16 causes deep.
 *
 * @throws {TypeError} If a match is no function.
 *
 * @example Errors that no repeat can mend
 * ```ts
 * import { matchError, retry, ValidationError } from "@beat/beat/middleware";
 * import { assert } from "@std/assert";
 *
 * const isPermanent = matchError([ValidationError, SyntaxError]);
 * assert(isPermanent(new Error("cannot bill", { cause: new SyntaxError("no JSON") })));
 * retry({ maxRetries: 5, shouldRetry: (error) => !isPermanent(error) });
 * ```
 */
export function matchError(
  matches: ErrorMatch | readonly ErrorMatch[],
): (error: unknown) => boolean {
  const tests = [matches].flat().map(testOf);
  return (error) => {
    for (let depth = 0, at = error; depth <= DEPTH && at !== undefined; depth++) {
      if (tests.some((test) => test(at))) return true;
      at = at instanceof Error ? at.cause : undefined;
    }
    return false;
  };
}

function testOf(match: ErrorMatch): (error: unknown) => boolean {
  if (typeof match !== "function") {
    refuse("match errors", "match", "a class of errors or a predicate", match);
  }
  return isErrorClass(match) ? (error) => error instanceof match : (error) => means(match, error);
}

/** A predicate that throws decides nothing. */
function means(match: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return match(error);
  } catch (thrown) {
    print("A hook failed:", thrown);
    return false;
  }
}

function isErrorClass(match: ErrorMatch): match is abstract new (...args: never[]) => Error {
  return match === Error || match.prototype instanceof Error;
}
