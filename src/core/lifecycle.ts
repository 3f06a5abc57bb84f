import { DrainTimeoutError } from "./errors.ts";
import { checkOptions, DURATION, SIGNAL } from "../options/options.ts";
import type { BusCore } from "./bus_core.ts";
import type { CloseOptions, DrainOptions } from "./bus_options.ts";
import type { CloseReport } from "./stats.ts";

/** Longest delay that timers can take; a longer one would fire at once. */
export const MAX_DELAY: number = 2 ** 31 - 1;

/** Milliseconds for what runs to end by itself, unless `close` is told otherwise. */
const GRACE = 1_000;

/** How an error says that not time but `close` has ended a drain. */
const CUT = "to its end";

/** The `drain` of every bus. */
export async function drain(core: BusCore, options: DrainOptions = {}): Promise<void> {
  checkOptions("drain the bus", options, { timeout: DURATION, signal: SIGNAL });
  const { timeout = 30_000, signal } = options;
  if (core.state === "closed") {
    await close(core);
    if (core.ledger.depth > 0) throw new DrainTimeoutError(core.ledger.depth, CUT);
    return;
  }
  core.seal("draining");
  try {
    await settled(core, timeout, signal);
    const remaining = core.ledger.depth + core.discarded;
    if (remaining > 0) {
      throw new DrainTimeoutError(remaining, core.report ? CUT : `within ${timeout} ms`);
    }
  } finally {
    // What has nothing left to do may clean up.
    await close(core, { timeout: core.ledger.depth > 0 ? 0 : GRACE });
  }
}

/** The `close` of every bus. */
export function close(core: BusCore, options: CloseOptions = {}): Promise<CloseReport> {
  try {
    checkOptions("close the bus", options, { timeout: DURATION });
  } catch (error) {
    return Promise.reject(error);
  }
  if (core.report === undefined) {
    // Hooks that are called on the way may call `close` too, and get the same promise.
    const { promise, resolve } = Promise.withResolvers<CloseReport>();
    core.report = promise;
    resolve(end(core, options.timeout ?? GRACE));
  }
  return core.report;
}

async function end(core: BusCore, timeout: number): Promise<CloseReport> {
  core.seal("closed");
  for (const registration of core.registry.live) registration.end(true);
  // An engine may add to it what it finds out while the handlers end.
  core.discarded += core.engine.discard();
  const stopping = core.engine.stop?.(timeout);
  await settled(core, timeout);
  await stopping;
  return { discarded: core.discarded, inDoubt: core.ledger.inDoubt, stuck: core.ledger.depth };
}

/** Waits until nothing is open, or the time is over, or (rejecting) the signal aborts. */
export async function settled(
  { ledger }: BusCore,
  timeout: number,
  signal?: AbortSignal,
): Promise<void> {
  // When this goes on, the handlers that are on the stack now have returned.
  await null;
  signal?.throwIfAborted();
  if (ledger.isQuiet || timeout === 0) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      ledger.waiting.delete(done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = timeout > MAX_DELAY ? undefined : setTimeout(done, timeout);
    ledger.waiting.add(done);
    signal?.addEventListener("abort", done);
  });
  signal?.throwIfAborted();
}
