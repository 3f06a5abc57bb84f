import { show } from "../options/refusal.ts";
import type { BusEvent } from "./event.ts";

/**
 * A pattern that `on` refuses.
 *
 * @example Telling where a pattern is wrong
 * ```ts
 * import { forSync, PatternError } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   forSync().on("user.cr*", () => {});
 * } catch (error) {
 *   if (error instanceof PatternError) assertEquals(error.position, 7);
 * }
 * ```
 */
export class PatternError extends SyntaxError {
  /** The pattern as it was given. */
  readonly pattern: string;
  /** Index of the offending character in `pattern`, in UTF-16 units. */
  readonly position: number;

  /** Creates the error from the pattern, the broken rule and where it is broken. */
  constructor(pattern: string, rule: string, position: number) {
    super(`Cannot use pattern ${show(pattern)} as ${rule}: see position ${position}`);
    this.name = "PatternError";
    this.pattern = pattern;
    this.position = position;
  }
}

/**
 * The bus is closed, or drains and takes nothing new; or the producer is closed.
 *
 * @example An emit that comes too late
 * ```ts
 * import { BusClosedError, forSync } from "@beat/beat";
 * import { assertThrows } from "@std/assert";
 *
 * const bus = forSync();
 * await bus.close();
 * assertThrows(() => bus.emit("late"), BusClosedError);
 * ```
 */
export class BusClosedError extends Error {
  /** Creates the error from what was attempted, for example `"emit 'order.paid'"`. */
  constructor(attempt: string, what: string = "bus") {
    super(`Cannot ${attempt} as the ${what} is closed`);
    this.name = "BusClosedError";
  }
}

/**
 * A bounded queue or buffer had no room for an event.
 *
 * @example A queue that refuses
 * ```ts
 * import { forAsync, QueueFullError } from "@beat/beat";
 * import { assertThrows } from "@std/assert";
 *
 * const bus = forAsync({ capacity: 1, overflow: "error" });
 * bus.on("job", () => {});
 * bus.emit("job");
 * assertThrows(() => bus.emit("job"), QueueFullError);
 * ```
 */
export class QueueFullError extends Error {
  /** Type of the event that found no room. */
  readonly type: string;
  /** How many events the queue holds, or how many bytes a ring between threads. */
  readonly capacity: number;

  /** Creates the error from the event type, the capacity and why it could not wait. */
  constructor(type: string, capacity: number, reason: string, unit: string = "events") {
    super(
      `Cannot accept event ${show(type)} as ${reason}: capacity is ${capacity} ${unit}`,
    );
    this.name = "QueueFullError";
    this.type = type;
    this.capacity = capacity;
  }
}

/**
 * `drain` ended before every delivery had settled: its time was over, or `close` was called.
 *
 * @example A handler that never ends
 * ```ts
 * import { DrainTimeoutError, forSync } from "@beat/beat";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const bus = forSync();
 * bus.on("job", () => new Promise(() => {}));
 * bus.emit("job");
 * const error = await assertRejects(() => bus.drain({ timeout: 10 }), DrainTimeoutError);
 * assertEquals(error.remaining, 1);
 * ```
 */
export class DrainTimeoutError extends Error {
  /** How many deliveries had not settled. */
  readonly remaining: number;

  /** Creates the error from the number of open deliveries and what ended the wait. */
  constructor(remaining: number, cause: string) {
    super(`Cannot drain the bus ${cause}: deliveries not settled are ${remaining}`);
    this.name = "DrainTimeoutError";
    this.remaining = remaining;
  }
}

/** One event of a batch that failed. */
export interface BatchFailure {
  /** Position of the event in the batch. */
  index: number;
  /** What `emit` would have thrown for it. */
  error: unknown;
}

/**
 * Some events of an `emitBatch` failed; all others were emitted.
 *
 * @example Which of them
 * ```ts
 * import { BatchError, forSync } from "@beat/beat";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bus = forSync();
 * bus.on("bad", () => {
 *   throw new Error("refused");
 * });
 * const events = [{ type: "good", data: 1 }, { type: "bad", data: 2 }];
 * const error = assertThrows(() => bus.emitBatch(events), BatchError);
 * assertEquals(error.failures.map(({ index }) => index), [1]);
 * ```
 */
export class BatchError extends Error {
  /** The failures, in the order of the batch. */
  readonly failures: readonly BatchFailure[];

  /** Creates the error from the failures and the size of the batch. */
  constructor(failures: readonly BatchFailure[], size: number) {
    super(`Emitting failed for ${failures.length} of ${size} events: see 'failures'`, {
      cause: failures[0]?.error,
    });
    this.name = "BatchError";
    this.failures = failures;
  }
}

/**
 * Something that this version, this runtime or this kind of bus does not offer.
 *
 * @example Threads where there are none
 * ```ts
 * import { UnsupportedError } from "@beat/beat";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new UnsupportedError("start threads", "this runtime has none");
 * assertEquals(error.message, "Cannot start threads as this runtime has none");
 * ```
 */
export class UnsupportedError extends Error {
  /** Creates the error from what was asked for and why it is not to be had. */
  constructor(attempt: string, reason: string) {
    super(`Cannot ${attempt} as ${reason}`);
    this.name = "UnsupportedError";
  }
}

/**
 * A thread died while it handled an event: nobody knows how far it got.
 *
 * @example Telling it from what handlers throw
 * ```ts
 * import { CrashError, forAsync } from "@beat/beat";
 *
 * const doubtful: string[] = [];
 * const start = () =>
 *   forAsync({
 *     handlers: new URL("./handlers.ts", import.meta.url),
 *     onError: (error) => void (error instanceof CrashError && doubtful.push(error.type)),
 *   });
 * console.log(typeof start);
 * ```
 */
export class CrashError extends Error {
  /** Type of the event. */
  readonly type: string;
  /** Its `id`, if it has one. */
  readonly id: string | undefined;
  /** Its `key`, if it has one. */
  readonly key: string | undefined;
  /** How many threads have died while they handled it. */
  readonly crashes: number;

  /** Creates the error from the event, the number of deaths and what the last thread died of. */
  constructor(event: BusEvent, crashes: number, cause?: unknown) {
    const { type, id, key } = event;
    const named = id === undefined ? show(type) : `${show(type)} with id ${show(id)}`;
    super(`A thread died while it handled event ${named}: deaths so far are ${crashes}`, { cause });
    this.name = "CrashError";
    this.type = type;
    this.id = id;
    this.key = key;
    this.crashes = crashes;
  }
}

/** A thread could not be brought to serve, however often it was started, or does not stop. */
export class ThreadFailedError extends Error {
  /** Which thread, counted from 0. */
  readonly index: number;

  /** Creates the error from what was attempted, the thread and what went wrong in it. */
  constructor(attempt: string, index: number, reason: string, cause?: unknown) {
    super(`Cannot ${attempt} as thread ${index} ${reason}`, { cause });
    this.name = "ThreadFailedError";
    this.index = index;
  }
}
