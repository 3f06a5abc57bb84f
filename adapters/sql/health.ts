import type { SqlSession } from "./contracts.ts";
import type { Health } from "@beat/beat/transport";

/** Asks the database for an answer, and how long it took. */
export async function healthOf(session: SqlSession, signal?: AbortSignal): Promise<Health> {
  const started = performance.now();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    await Promise.race([session.query("SELECT 1 AS ok", []), aborted.promise]);
    return { ok: true, latencyMs: performance.now() - started };
  } catch (cause) {
    return { ok: false, latencyMs: performance.now() - started, cause };
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
