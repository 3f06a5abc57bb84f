/**
 * Typed stand-in for `@std/assert`: the functions that the tests of this
 * repository use, under the names and signatures of the real package.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export * from "./collections.ts";
export * from "./comparison.ts";
export * from "./equality.ts";
export * from "./throwing.ts";
export * from "./truth.ts";
