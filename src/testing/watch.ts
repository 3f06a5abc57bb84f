import { after } from "../transport/timer.ts";
import { ConformanceError } from "./failure.ts";

interface Waiting {
  readonly holds: () => boolean;
  readonly resolve: (isThere: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Waits for what events bring about; the deadline only bounds a failure. */
export class Watch {
  readonly #deadline: number;
  readonly #waiting = new Set<Waiting>();
  #failure: { error: unknown } | undefined;

  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  /** Something happened: all conditions are looked at again. */
  notify(): void {
    for (const waiting of this.#waiting) if (waiting.holds()) waiting.resolve(true);
  }

  /** Nothing that is waited for will happen any more. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting) reject(error);
  }

  /** Resolves when it holds. `says` tells of what is missing at the deadline. */
  async until(holds: () => boolean, says: () => string): Promise<void> {
    if (holds()) return;
    if (this.#failure !== undefined) throw this.#failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiting = { holds, resolve, reject };
    this.#waiting.add(waiting);
    const cancel = after(this.#deadline, () => resolve(false));
    try {
      // Here, and not by the timer: the stack tells who has waited.
      if (!await promise) throw new ConformanceError(`${says()} within ${this.#deadline} ms`);
    } finally {
      cancel();
      this.#waiting.delete(waiting);
    }
  }
}

const LATE = Symbol("late");

/** Resolves as a promise does, or fails at the deadline. */
export async function inTime<T>(promise: Promise<T>, deadline: number, what: string): Promise<T> {
  const late = Promise.withResolvers<typeof LATE>();
  const cancel = after(deadline, () => late.resolve(LATE));
  try {
    const result = await Promise.race([promise, late.promise]);
    if (result !== LATE) return result;
    throw new ConformanceError(`${what} did not happen within ${deadline} ms`);
  } finally {
    cancel();
  }
}

/** Resolves after so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => after(milliseconds, resolve));
}
