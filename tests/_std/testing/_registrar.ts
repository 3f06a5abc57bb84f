/** What a runtime needs to know of one case. */
export interface Case {
  name: string;
  fn: () => Promise<void>;
  skip: boolean;
  sanitizers: { sanitizeOps?: boolean; sanitizeResources?: boolean };
}

/** The runtimes' own test functions, as far as they are used here. */
interface TestGlobals {
  /** Set by the bundles for workerd and for browsers, which have no test runner. */
  __BEAT_TESTS__?: { name: string; fn: () => Promise<void>; skip: boolean }[];
  Deno?: { test(definition: object): void };
  process?: { getBuiltinModule?(name: string): NodeTest | undefined };
}

interface NodeTest {
  test(name: string, options: { skip: boolean }, fn: () => Promise<void>): void;
}

/** Hands a case to whatever runs tests on this runtime. */
export function registerCase({ name, fn, skip, sanitizers }: Case): void {
  const { __BEAT_TESTS__: collected, Deno, process } = globalThis as TestGlobals;
  if (collected !== undefined) {
    collected.push({ name, fn, skip });
  } else if (Deno !== undefined) {
    Deno.test({ name, fn, ignore: skip, ...sanitizers });
  } else {
    // Not an import: bundlers for browsers would stumble over it.
    const nodeTest = process?.getBuiltinModule?.("node:test");
    if (nodeTest === undefined) throw new Error(`Cannot register "${name}": no test runner found`);
    nodeTest.test(name, { skip }, fn);
  }
}
