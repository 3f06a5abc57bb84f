import type { Health } from "./capabilities.ts";

/**
 * Asks a broker for an answer, and tells how long that took. Never rejects: what `ask` throws or
 * rejects with, and the reason of a signal that aborts first, is the cause.
 *
 * @example A broker that answers
 * ```ts
 * import { measureHealth } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const { ok } = await measureHealth(() => Promise.resolve("PONG"));
 * assertEquals(ok, true);
 * ```
 */
export async function measureHealth(
  ask: () => unknown,
  options: { signal?: AbortSignal } = {},
): Promise<Health> {
  const { signal } = options;
  const began = performance.now();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal!.reason);
  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    await Promise.race([ask(), aborted.promise]);
    return { ok: true, latencyMs: performance.now() - began };
  } catch (cause) {
    return { ok: false, latencyMs: performance.now() - began, cause };
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
