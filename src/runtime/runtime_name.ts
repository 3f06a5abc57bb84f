/** Whether this is Deno: only where it is known to do what nobody can find out by trying. */
export function isDeno(): boolean {
  return (globalThis as { Deno?: unknown }).Deno !== undefined;
}
