/**
 * A hook of the user that can do no harm: what it throws is printed, and whoever called it goes on.
 */
export function guard<Args extends unknown[]>(
  hook: ((...args: Args) => void) | undefined,
): (...args: Args) => void {
  if (hook === undefined) return () => {};
  return (...args) => {
    try {
      hook(...args);
    } catch (error) {
      console.error("A hook failed:", error);
    }
  };
}
