/** Whether this is Deno: only where it is known to do what nobody can find out by trying. */
export function isDeno(): boolean {
  return (globalThis as { Deno?: unknown }).Deno !== undefined;
}

/** Whether this is a page, or a thread of one: nothing of Node is there, nor of Deno. */
export function isBrowser(): boolean {
  const { process } = globalThis as { process?: { getBuiltinModule?: unknown } };
  return !isDeno() && process?.getBuiltinModule === undefined;
}
