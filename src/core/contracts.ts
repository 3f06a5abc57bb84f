import type { CloseOptions, DrainOptions } from "./bus_options.ts";
import type {
  DataArgs,
  DataOf,
  EventInput,
  EventOrTypeWithoutData,
  Handler,
  InputOf,
  TypesOf,
} from "./event.ts";
import type { KnownPattern, MatchedEvent, Received } from "./matching.ts";
import type { BusStats, CloseReport } from "./stats.ts";
import type {
  EventIterator,
  EventsOptions,
  OnceOptions,
  SubscribeOptions,
  Subscription,
} from "./subscription.ts";

/**
 * A handle for one event type: it skips the look-up that `emit` does.
 *
 * @typeParam K The event type.
 * @typeParam T The type of its data.
 */
export interface Topic<K extends string = string, T = unknown> {
  /** The event type. */
  readonly type: K;
  /** Emits `data`; makes the one event object that the handlers get. */
  emit(...data: DataArgs<T>): void;
  /** Same as `emit`, without error isolation and without counting. */
  unsafeEmit(...data: DataArgs<T>): void;
  /**
   * Emits an event object that the caller made, and may use again.
   *
   * @throws {TypeError} If `event.type` is not the type of the handle.
   */
  dispatch(event: InputOf<K, T>): void;
  /** Same as `dispatch`, without error isolation and without counting. */
  unsafeDispatch(event: InputOf<K, T>): void;
}

/** What a bus uses of what its runtime can do. */
export interface BusCapabilities {
  /**
   * The engine: `"sync"` calls handlers inside `emit`, `"async"` queues events for them, `"flow"`
   * collects events in batches and takes these through stages first.
   */
  readonly engine: "sync" | "async" | "flow";
  /** How many threads beside the one that made the bus run handlers. */
  readonly threads: number;
  /**
   * How an event reaches a handler: by a call, through a queue of references, or across threads
   * through memory that they share or by messages.
   */
  readonly transport: "call" | "queue" | "shared-memory" | "messages";
}

/**
 * An event bus. Functions that take any bus take a `Bus<any>`.
 *
 * @typeParam M The event map: an interface or a type from event type to data.
 */
export interface Bus<M extends object> {
  /**
   * Subscribes a handler to every event whose type matches. In a pattern `*` is exactly one
   * segment and `**` is zero or more, anywhere. Handlers run in the order of their registration
   * across all patterns, each at most once an event. With `zeroCopy` a handler gets the data where
   * it lies, as a {@linkcode Cursor}.
   *
   * @throws {PatternError} If the pattern is malformed.
   * @throws {TypeError} If the handler is no function, or an option is unknown or of a wrong type.
   * @throws {BusClosedError} If the bus is closed.
   */
  on<const P extends string, Z extends boolean = false>(
    pattern: KnownPattern<M, P>,
    handler: Handler<NoInfer<Received<M, P, Z>>>,
    options?: SubscribeOptions<Z>,
  ): Subscription;
  /**
   * Waits for the next event that matches. Rejects with a {@linkcode BusClosedError} if the bus
   * closes first; that ends no process in which nobody awaits the promise any more. An event that
   * has a method `then` is not given but awaited, as by every promise: `on` with `once` takes it.
   */
  once<const P extends string>(
    pattern: KnownPattern<M, P>,
    options?: OnceOptions,
  ): Promise<MatchedEvent<M, P>>;
  /**
   * Ends a subscription of this bus; says whether it was live.
   *
   * @throws {TypeError} If it is no subscription of this bus.
   */
  off(subscription: Subscription): boolean;
  /**
   * Emits an event to every matching handler. What becomes of errors is the engine's: see
   * {@linkcode SyncBus} and {@linkcode AsyncBus}.
   *
   * @throws {TypeError} If the event has no type.
   * @throws {BusClosedError} If the bus is closed.
   */
  emit(event: EventOrTypeWithoutData<M>): void;
  /** Emits an event of a type, with its data: of one of several types what fits each of them. */
  emit<K extends keyof M & string>(type: K, ...data: DataArgs<DataOf<M, K>>): void;
  /**
   * Same as `emit` with neither error isolation nor counting: the first throw ends it. Only a
   * delivery whose handlers return promises is counted, as `drain` has to wait for it. While the
   * bus drains, what such a handler emits is refused, as nothing tells that it runs. On a queueing
   * engine it equals `emit`.
   */
  unsafeEmit(event: EventOrTypeWithoutData<M>): void;
  /** Emits an event of a type, with neither error isolation nor counting. */
  unsafeEmit<K extends keyof M & string>(type: K, ...data: DataArgs<DataOf<M, K>>): void;
  /**
   * Emits several events, every one of them whatever the others do.
   *
   * @throws {BatchError} If some failed, with the position and the error of each.
   */
  emitBatch(events: readonly EventInput<M>[]): void;
  /** A handle for one event type that skips the look-up. */
  topic<K extends keyof M & string>(
    type: K,
  ): Topic<string extends keyof M ? string : K, DataOf<M, K>>;
  /**
   * The events of a pattern as an async iterable, subscribed from this call on. Leaving the loop
   * ends the subscription; `close` ends it after what is buffered.
   */
  events<const P extends string>(
    pattern: KnownPattern<M, P>,
    options?: EventsOptions,
  ): EventIterator<MatchedEvent<M, P>>;
  /**
   * The bus as an `EventTarget`, the same one at each call: events arrive as `CustomEvent`s that carry
   * the data as `detail`. One way only: what is dispatched on the target does not reach the bus. What a
   * listener throws or rejects with goes to `onError`, also on a sync bus.
   */
  asEventTarget(): BusEventTarget<M>;
  /** Resolves the handlers of these types ahead of their first emit. */
  prewarm(types: readonly TypesOf<M>[]): void;
  /** Counts of deliveries; see {@linkcode BusStats}. */
  stats(): BusStats;
  /**
   * Takes nothing new from outside handlers, waits until every delivery has settled, then closes.
   *
   * @throws {DrainTimeoutError} If that takes longer than `timeout`; the bus is closed all the same.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Refuses everything new at once, lets running handlers end within `timeout`, and reports what
   * could not be finished. Every call gets the same promise; it may be called from a handler.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
  /** Whether the bus takes nothing new, because of `close` or of `drain`. */
  readonly closed: boolean;
  /** What this bus uses of what its runtime can do. */
  readonly capabilities: BusCapabilities;
  /** Same as `drain`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A bus that calls the handlers inside `emit`. One failure is rethrown as it was, several as an
 * `AggregateError`, after all handlers have run. A rejected promise goes to `onError`.
 */
export interface SyncBus<M extends object> extends Bus<M> {
  /**
   * Emits and waits: handlers start in order, run concurrently, and the promise settles when all
   * have. Rejects with the one failure as it was, or an `AggregateError` in the order of the
   * handlers.
   */
  emitAsync(event: EventOrTypeWithoutData<M>): Promise<void>;
  /** Emits an event of a type and waits for all handlers. */
  emitAsync<K extends keyof M & string>(type: K, ...data: DataArgs<DataOf<M, K>>): Promise<void>;
}

/** Options of `write`. */
export interface WriteOptions {
  /** The ordering key of the event. */
  key?: string;
}

/** Options of `enqueue`. */
export interface EnqueueOptions {
  /** Gives up waiting when it aborts: rejects with its reason, and the event is not emitted. */
  signal?: AbortSignal;
  /**
   * How long to wait for room, in milliseconds; then a {@linkcode QueueFullError}.
   *
   * @default {Infinity}
   */
  timeout?: number;
}

/**
 * A bus that queues events and calls the handlers later: `emit` never sees their errors. Which
 * handlers an event has is looked up when its turn comes, so that a handler that was unsubscribed
 * meanwhile is not called, and one that was subscribed meanwhile is. Only an event that has no
 * handler when it is emitted is done with at once.
 */
export interface AsyncBus<M extends object> extends Bus<M> {
  /**
   * Emits an event, waiting for room in the queue; resolves when it is accepted. A handler that
   * awaits it may wait for itself, so give it a `timeout` there. An `emit` does not wait in line.
   *
   * @throws {QueueFullError} If there is no room within `timeout`.
   * @throws {BusClosedError} If the bus closes before there is room, or drains and has no threads:
   *   where there are any, what waits for room when the end begins is handled.
   */
  enqueue(event: EventInput<M>, options?: EnqueueOptions): Promise<void>;
  /**
   * Writes an event's data in place, without an object: `fill` gets memory, the first byte and the
   * length, and must write all of it at once. Its return emits the event, what it throws takes it
   * back. It must not emit. Handlers get a `Uint8Array`.
   *
   * @throws {UnsupportedError} If the bus has no threads.
   * @throws {RangeError} If `length` is more than a ring takes.
   * @throws {QueueFullError} As `emit` does.
   */
  write<K extends keyof M & string>(
    type: K,
    length: number,
    fill: (bytes: Uint8Array, offset: number, length: number) => void,
    options?: WriteOptions,
  ): void;
  /**
   * Resolves when every thread of the bus serves: at once without threads. Rejects if one cannot be
   * brought to.
   */
  readonly ready: Promise<void>;
  /** What the handler that failed last threw or rejected with; `undefined` if none has. */
  lastError(): unknown;
  /** Forgets the last error. */
  clearError(): void;
}

/** An `EventTarget` that a bus feeds. */
export interface BusEventTarget<M extends object> extends EventTarget {
  /**
   * Listens to one event type.
   *
   * @throws {PatternError} If the type holds a wildcard: a target knows exact types only.
   */
  addEventListener<K extends keyof M & string>(
    type: K,
    listener: ((event: CustomEvent<M[K]>) => void) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
