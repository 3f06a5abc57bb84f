/** What became of one test in a bundle. */
export interface Collected {
  name: string;
  skipped: boolean;
  /** What was thrown, as text; absent when the test passed. */
  error?: string;
}

interface Case {
  name: string;
  fn: () => Promise<void>;
  skip: boolean;
}

/** Milliseconds that one test may take. */
const TEST_LIMIT = 60_000;

/**
 * Runs the tests that `@std/testing/bdd` has put into `__BEAT_TESTS__`.
 *
 * This file is part of the bundles for workerd and for browsers.
 */
export async function runCollected(): Promise<Collected[]> {
  const { __BEAT_TESTS__: cases = [] } = globalThis as { __BEAT_TESTS__?: Case[] };
  const results: Collected[] = [];
  for (const { name, fn, skip } of cases) {
    const error = skip ? undefined : await failureOf(fn);
    results.push({ name, skipped: skip, ...(error === undefined ? {} : { error }) });
  }
  return results;
}

async function failureOf(fn: () => Promise<void>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Still running after ${TEST_LIMIT} ms`)), TEST_LIMIT);
  });
  try {
    await Promise.race([fn(), limit]);
    return undefined;
  } catch (error) {
    return describeError(error);
  } finally {
    clearTimeout(timer);
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? "";
  // V8's stack holds the message as it was when the error was made.
  return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
}
