/** What a process tells of itself, where there is one. */
interface ProcessLike {
  getActiveResourcesInfo?(): string[];
}

/** Handles of network and of other processes; timers and files are not counted. */
const COUNTED = /TCP|TLS|UDP|Process|Worker|HTTP/;

/**
 * How many handles this process has open. Node tells of all, Deno of those that were opened through
 * modules of Node; Bun, workerd and browsers tell of none: what stays open there goes unnoticed.
 */
export function openHandles(): number {
  const { process } = globalThis as { process?: ProcessLike };
  try {
    const names = process?.getActiveResourcesInfo?.() ?? [];
    return names.filter((name) => COUNTED.test(name)).length;
  } catch {
    // workerd has the function, and it throws.
    return 0;
  }
}

/** Counts the timers that are set until {@linkcode TimerCount.stop}. */
export interface TimerCount {
  /** Those that are neither cleared nor over. */
  running(): number;
  /** Counts no more. */
  stop(): void;
}

type Handler = (...args: unknown[]) => void;

/** Counts timers of this process, from now on. */
export function countTimers(): TimerCount {
  const scope = globalThis as unknown as Record<string, (...args: never[]) => unknown>;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = scope;
  const running = new Set<unknown>();
  scope.setTimeout = (handler: Handler, delay: number, ...args: unknown[]) => {
    const timer = setTimeout(
      (() => {
        running.delete(timer);
        handler(...args);
      }) as never,
      delay as never,
    );
    running.add(timer);
    return timer;
  };
  scope.setInterval = (handler: Handler, delay: number, ...args: unknown[]) => {
    const timer = setInterval(handler as never, delay as never, ...args as never[]);
    running.add(timer);
    return timer;
  };
  const clear = (original: (timer: never) => unknown) => (timer: never) => {
    running.delete(timer);
    original(timer);
  };
  scope.clearTimeout = clear(clearTimeout);
  scope.clearInterval = clear(clearInterval);
  return {
    running: () => running.size,
    stop: () => Object.assign(scope, { setTimeout, setInterval, clearTimeout, clearInterval }),
  };
}
