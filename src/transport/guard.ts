import { print } from "../options/print.ts";

/**
 * A hook of the user that can do no harm: what it throws is printed, and whoever called it goes on. So is
 * what it rejects with if it is async, which nobody waits for.
 */
export function guard<Args extends unknown[]>(
  hook: ((...args: Args) => void) | undefined,
): (...args: Args) => void {
  if (hook === undefined) return () => {};
  return (...args) => {
    try {
      const result: unknown = hook(...args);
      if (result instanceof Promise) result.catch(tell);
    } catch (error) {
      tell(error);
    }
  };
}

function tell(error: unknown): void {
  print("A hook failed:", error);
}
