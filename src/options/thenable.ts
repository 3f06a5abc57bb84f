/** Tells a promise, or what behaves like one, from every other value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    typeof (value as { then?: unknown } | null)?.then === "function";
}
