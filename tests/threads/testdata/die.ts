/** Ends the thread that calls while it handles an event, on every runtime. */
export function die(code: number): Promise<void> {
  const { process } = globalThis as { process?: { exit(code: number): never } };
  process?.exit(code);
  // A thread of a browser lets its handlers end before it closes. What nobody catches ends it while
  // a promise is pending.
  setTimeout(() => {
    throw new Error("dies on purpose");
  });
  return new Promise(() => {});
}
