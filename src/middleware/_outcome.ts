import type { Handle, Produced, Work } from "../message/handler.ts";
import { isThenable } from "../options/thenable.ts";

/** What a {@linkcode Handle} gives. */
export type Outcome = Produced | Promise<Produced>;

/** What is not a promise is there already: nobody has to wait a turn of the microtasks for it. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return isThenable(value);
}

/** Does the work; a failure, thrown or rejected, is answered by `onError`. */
export function rescue(
  next: Handle,
  work: Work,
  onError: (error: unknown, work: Work) => Outcome,
): Outcome {
  let outcome: Outcome;
  try {
    outcome = next(work);
  } catch (error) {
    return onError(error, work);
  }
  return isPromise(outcome) ? outcome.then(undefined, (error) => onError(error, work)) : outcome;
}

/** Goes on with what the work gave, at once where it is there. */
export function follow<T>(
  outcome: T | Promise<T>,
  onValue: (value: T) => Outcome,
): Outcome {
  return isPromise(outcome) ? outcome.then(onValue) : onValue(outcome);
}

/** Hears how work ended. */
export interface Observer {
  /** It ended well. */
  onValue(produced: Produced): void;
  /** It threw or rejected. */
  onError(error: unknown): void;
}

/** Does the work, tells the observer how it ended, and passes that on unchanged. */
export function observe(next: Handle, work: Work, { onValue, onError }: Observer): Outcome {
  let outcome: Outcome;
  try {
    outcome = next(work);
  } catch (error) {
    onError(error);
    throw error;
  }
  if (!isPromise(outcome)) {
    onValue(outcome);
    return outcome;
  }
  return outcome.then(
    (produced) => {
      onValue(produced);
      return produced;
    },
    (error) => {
      onError(error);
      throw error;
    },
  );
}
