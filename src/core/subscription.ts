/** A live registration of a handler, as `on` returns it. */
export interface Subscription {
  /** The pattern that was subscribed. */
  readonly pattern: string;
  /**
   * Resolves when emits reach the handler: at once, where the handler runs in the same thread. Of a
   * subscription that has ended nothing is waited for. In a thread of a bus it rejects with a
   * `QueueFullError` when handlers hold up a ring for `blockTimeout` by which others are to hear of it.
   */
  readonly ready: Promise<void>;
  /** Ends the subscription; says whether it was live. An emit that runs finishes on its list. */
  unsubscribe(): boolean;
  /** Same as `unsubscribe`, for `using`. */
  [Symbol.dispose](): void;
}

/**
 * Options of `on`.
 *
 * @typeParam Z Whether the handler gets a cursor, as far as the compiler knows.
 */
export interface SubscribeOptions<Z extends boolean = boolean> {
  /**
   * Whether the subscription ends with its first event, re-entrant emits included.
   *
   * @default {false}
   */
  once?: boolean;
  /**
   * Ends the subscription when it aborts. With a signal that has aborted already the handler is
   * never called, as with `addEventListener`.
   */
  signal?: AbortSignal;
  /**
   * Whether every thread of the bus that subscribes gets the event, not just one of them. Only on an
   * async bus with threads.
   *
   * @default {false}
   */
  each?: boolean;
  /**
   * Whether the handler gets a {@linkcode Cursor} instead of the event, for the time of its call.
   * Only on an async bus with threads.
   *
   * @default {false}
   */
  zeroCopy?: Z;
}

/**
 * The data of an event where it lies, in memory that threads share. It is good for the call of the
 * handler only, and the same object is used again.
 */
export interface Cursor {
  /** The memory, byte by byte. */
  readonly u8: Uint8Array;
  /** The same memory in 32-bit words: the data begins at `offset >> 2`. */
  readonly i32: Int32Array;
  /** First byte of the data, a multiple of 4. */
  readonly offset: number;
  /** Bytes of the data. */
  readonly length: number;
}

/** Options of the promise form of `once`. */
export interface OnceOptions {
  /** Rejects the promise with the signal's reason when it aborts. */
  signal?: AbortSignal;
}

/** Options of `events`. */
export interface EventsOptions {
  /** Ends the iteration when it aborts: what is buffered still comes. */
  signal?: AbortSignal;
  /**
   * How many events wait at most for the consumer.
   *
   * @default {1024}
   */
  capacity?: number;
  /**
   * What happens when an event finds the buffer full: `"error"` ends the iteration with a
   * {@linkcode QueueFullError} after what it has buffered, the others go on without one event.
   * What is dropped counts in `stats().failed`, and `onDrop` hears of it.
   *
   * @default {"error"}
   */
  overflow?: "error" | "drop-newest" | "drop-oldest";
}

/** The events of a pattern, one by one: what `events` returns. */
export interface EventIterator<E> extends AsyncIterableIterator<E> {
  /** The next event, waiting for it if none is buffered. */
  next(): Promise<IteratorResult<E, undefined>>;
  /** Ends the subscription and forgets what is buffered. */
  return(): Promise<IteratorResult<E, undefined>>;
  /** Returns itself. */
  [Symbol.asyncIterator](): EventIterator<E>;
  /** Same as `return`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
