import { isThenable } from "./thenable.ts";

/**
 * A promise of this platform for a promise of any kind: others may call back twice, give nothing for
 * `then`, or throw. `undefined` for every other value.
 */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  return isThenable(value) ? Promise.resolve(value) : undefined;
}
