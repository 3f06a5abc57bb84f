/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early by rejecting with the signal's reason. */
  signal?: AbortSignal;
}

/** Settles as `p` does, but rejects with a `TimeoutError` after `ms` milliseconds. */
export function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const abort = () => {
      stop();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new DOMException("Signal timed out.", "TimeoutError"));
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    p.finally(stop).then(resolve, reject);
  });
}
