/**
 * Typed stand-in for `@std/testing/bdd`.
 *
 * Every case is registered flat, as "suite > … > case": so that the number of
 * tests is the same on every runtime and Deno's sanitizers watch each of them.
 *
 * @module
 */

import { registerCase } from "./_registrar.ts";
import { Suite } from "./_suite.ts";

/** The body of a case or a hook. */
export type TestBody = () => void | Promise<void>;

/** A case with its options. */
export interface ItDefinition {
  /** Says the behaviour in plain words. */
  name: string;
  /** The body of the case. */
  fn: TestBody;
  /**
   * Whether the case is skipped; its reason belongs into the name.
   *
   * @default {false}
   */
  ignore?: boolean;
  /** Deno's check that the case leaves no operation pending; the command line decides unless set. */
  sanitizeOps?: boolean;
  /** Deno's check that the case leaves no resource open; the command line decides unless set. */
  sanitizeResources?: boolean;
}

/** {@linkcode it} with its variants. */
export interface It {
  (name: string, fn: TestBody): void;
  (definition: ItDefinition): void;
  /** Registers a case that is not run. */
  skip(name: string, fn?: TestBody): void;
  /** Registers a case that is not run. */
  ignore(name: string, fn?: TestBody): void;
}

/** {@linkcode describe} with its variants. */
export interface Describe {
  (name: string, fn: () => void): void;
  /** Registers a suite whose cases are not run. */
  skip(name: string, fn: () => void): void;
  /** Registers a suite whose cases are not run. */
  ignore(name: string, fn: () => void): void;
}

let current = new Suite();

function openSuite(name: string, fn: () => void, skip: boolean): void {
  const outer = current;
  current = new Suite(name, outer, skip);
  try {
    fn();
  } finally {
    current = outer;
  }
}

function addCase(definition: ItDefinition): void {
  const suite = current;
  const { name, fn, ignore = false, ...sanitizers } = definition;
  const skip = ignore || suite.skipped;
  if (!skip) suite.expectCase();
  registerCase({
    name: [...suite.path, name].join(" > "),
    fn: () => suite.run(fn),
    skip,
    sanitizers,
  });
}

function skipCase(name: string, fn: TestBody = () => {}): void {
  addCase({ name, fn, ignore: true });
}

function skipSuite(name: string, fn: () => void): void {
  openSuite(name, fn, true);
}

/** Groups cases under a name; suites may be nested. */
export const describe: Describe = Object.assign(
  (name: string, fn: () => void): void => openSuite(name, fn, false),
  { skip: skipSuite, ignore: skipSuite },
);

/** Registers one case. */
export const it: It = Object.assign(
  (first: string | ItDefinition, fn?: TestBody): void =>
    addCase(typeof first === "string" ? { name: first, fn: fn! } : first),
  { skip: skipCase, ignore: skipCase },
);

/** Another name of {@linkcode it}. */
export const test: It = it;

/** Runs `fn` once, before the first case of the suite. */
export function beforeAll(fn: TestBody): void {
  current.hooks.beforeAll.push(fn);
}

/** Runs `fn` once, after the last case of the suite that is not skipped. */
export function afterAll(fn: TestBody): void {
  current.hooks.afterAll.push(fn);
}

/** Runs `fn` before each case of the suite. */
export function beforeEach(fn: TestBody): void {
  current.hooks.beforeEach.push(fn);
}

/** Runs `fn` after each case of the suite, failed ones too. */
export function afterEach(fn: TestBody): void {
  current.hooks.afterEach.push(fn);
}
