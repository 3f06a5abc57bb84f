/**
 * Typed stand-in for `@std/async`: what the tests of this repository use.
 *
 * @module
 */

export * from "./deadline.ts";
export * from "./delay.ts";
