import { RecentEntries } from "./recent_entries.ts";

/** When a message failed first, by the clock that tells the time and by the one that no one sets. */
export interface FirstFailure {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** By `performance.now()`. */
  readonly at: number;
}

/** A failure that is the first of its message. */
export function failureNow(): FirstFailure {
  return { time: Date.now(), at: performance.now() };
}

/** Messages that are remembered; the oldest is forgotten first. */
const REMEMBERED = 10_000;

/**
 * When messages failed first that went back to their broker, which counts deliveries and knows no times.
 * It is known in this process only, and of the last ten thousand.
 */
export class FirstFailures {
  readonly #failures = new RecentEntries<string, FirstFailure>(REMEMBERED);

  /** Notes a message that goes back. */
  keep(id: string, failure: FirstFailure): void {
    this.#failures.set(id, failure);
  }

  /** The first failure of one that is here again, if it is known. */
  take(id: string): FirstFailure | undefined {
    const failure = this.#failures.get(id);
    this.#failures.delete(id);
    return failure;
  }
}
