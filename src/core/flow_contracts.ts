import type { Bus, EnqueueOptions } from "./contracts.ts";
import type { BusEvent, EventInput } from "./event.ts";
import type { KnownPattern, MatchedEvent } from "./matching.ts";
import type { SubscribeOptions, Subscription } from "./subscription.ts";

/** Where a failure on a flow bus happened: in a stage, or in a handler. */
export interface FlowErrorContext {
  /** The event that a handler of `on` failed with. */
  event?: BusEvent;
  /** The events that a stage or a handler of `onBatch` failed with. */
  events?: readonly BusEvent[];
  /** The subscription whose handler failed. */
  subscription?: Subscription;
  /** Position of the stage that failed, from 0. */
  stage?: number;
}

/** Options of `flush`. */
export interface FlushOptions {
  /** Stops waiting when it aborts: rejects with its reason. The events are handled all the same. */
  signal?: AbortSignal;
}

/** Counts of batches, as `batchStats` returns them. */
export interface BatchStats {
  /** Batches that are through: their stages and handlers have settled. */
  batches: number;
  /** Emitted events in those batches. */
  processed: number;
  /** `processed` by `batches`; 0 before the first batch is through. */
  meanBatch: number;
}

/**
 * A handler of batches. The array is its own, to keep or to change. A promise that it returns is
 * waited for before the next batch of the shard begins.
 */
export type BatchHandler<E = BusEvent> = (events: E[]) => unknown;

/**
 * A bus that collects events in batches and takes each batch through stages before its handlers
 * see it. A shard works on one batch at a time, its stages and its handlers with all their
 * promises; the order of events holds within a shard.
 */
export interface FlowBus<M extends object> extends Bus<M> {
  /**
   * Emits an event, waiting for room in its shard; resolves when it is accepted. A handler or a
   * stage that awaits it may wait for itself, so give it a `timeout` there.
   *
   * @throws {QueueFullError} If there is no room within `timeout`.
   * @throws {BusClosedError} If the bus closes or drains before there is room.
   */
  enqueue(event: EventInput<M>, options?: EnqueueOptions): Promise<void>;
  /**
   * Subscribes a handler to whole batches: it gets those events of a batch that match, as the last
   * stage left them, in one array. It is called after the handlers of `on` have been called for
   * each event of the batch, and not for a batch without a match.
   *
   * @throws {PatternError} If the pattern is malformed.
   * @throws {TypeError} If the handler is no function, or an option is unknown or of a wrong type.
   * @throws {BusClosedError} If the bus is closed.
   */
  onBatch<const P extends string>(
    pattern: KnownPattern<M, P>,
    handler: BatchHandler<NoInfer<MatchedEvent<M, P>>>,
    options?: SubscribeOptions,
  ): Subscription;
  /**
   * Lets the batches in collection leave at once, and resolves when all that was accepted before
   * the call has been handled. A handler or a stage that awaits it waits for itself.
   *
   * @throws {BusClosedError} If the bus is closed, or closes before that.
   */
  flush(options?: FlushOptions): Promise<void>;
  /** Counts of batches, in threads too; see {@linkcode BatchStats}. */
  batchStats(): BatchStats;
  /**
   * Resolves when every thread of the bus serves: at once without threads. Rejects if one cannot be
   * brought to.
   */
  readonly ready: Promise<void>;
}
