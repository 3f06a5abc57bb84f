/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait early by rejecting with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Whether the wait keeps the process alive.
   *
   * @default {true}
   */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds; rejects when `options.signal` aborts before. */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    if (!persistent) unref(timer);
  });
}

/** Lets the process end although `timer` is pending, where the platform can. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer.unref as () => void)();
    return;
  }
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (id: number) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
}
