import type { TraceState } from "./telemetry.ts";

/** The members of a `tracestate`, the newest first; a change gives another one. */
export function traceStateOf(
  members: Iterable<readonly [key: string, value: string]>,
): TraceState {
  const byKey = new Map(members);
  const without = (key: string) => [...byKey].filter(([other]) => other !== key);
  return {
    get: (key) => byKey.get(key),
    set: (key, value) => traceStateOf([[key, value], ...without(key)]),
    unset: (key) => traceStateOf(without(key)),
    serialize: () => Array.from(byKey, ([key, value]) => `${key}=${value}`).join(),
  };
}
