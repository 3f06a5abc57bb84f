import { BUS_RULES, BusCore } from "../core/bus_core.ts";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { EventBus } from "../core/event_bus.ts";
import { isThenable } from "../core/ledger.ts";
import { check, checkOptions, choice, DURATION, integer, OBJECT, SIGNAL } from "../core/options.ts";
import { PendingDelivery } from "../core/pending_delivery.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { EventQueue } from "./event_queue.ts";
import { KeyedBacklog } from "./keyed_backlog.ts";
import { WaitingList } from "./waiting_list.ts";
import type { AsyncBus, BusCapabilities, BusOptions, EnqueueOptions } from "../core/contracts.ts";
import type { Engine } from "../core/engine.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Registry } from "../core/registry.ts";
import type { Rules } from "../core/options.ts";
import type { Resolution } from "../core/resolution.ts";

/** Options of a bus that queues its events. */
export interface AsyncOptions extends BusOptions {
  /**
   * How many events may wait, a power of two.
   *
   * @default {65536}
   */
  capacity?: number;
  /**
   * What an emit does that finds the queue full. `"block"` handles waiting events itself until
   * there is room, and throws a {@linkcode QueueFullError} where that cannot be: inside a handler,
   * or while `concurrency` promises are pending. `"error"` throws it at once. The others drop an
   * event, count it and tell `onDrop`.
   *
   * @default {"block"}
   */
  overflow?: "block" | "error" | "drop-newest" | "drop-oldest";
  /**
   * How many events may have promises of their handlers pending at a time. Events start in their
   * order; of events with the same `key` only one at a time.
   *
   * @default {256}
   */
  concurrency?: number;
}

const CAPABILITIES: BusCapabilities = Object.freeze({
  engine: "async",
  threads: 0,
  transport: "queue",
});

/** Events that are handled before the event loop has a turn. */
const BURST = 1024;

const RULES: Rules = {
  ...BUS_RULES,
  capacity: ["a power of two up to 2 ** 24", "number", isCapacity],
  overflow: choice("block", "error", "drop-newest", "drop-oldest"),
  concurrency: integer(1),
};

const ENQUEUE_RULES: Rules = { signal: SIGNAL, timeout: DURATION };

const RESOLVED = Promise.resolve();

/**
 * Creates a bus that queues its events and handles them in a microtask.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If `capacity`, `concurrency` or `overflow` is out of its range.
 */
export function createAsyncBus<M extends object = OpenEventMap>(
  options: AsyncOptions = {},
): AsyncBus<M> {
  checkOptions("create an async bus", options, RULES);
  const engine = new AsyncEngine(options);
  const bus = Object.assign(new EventBus(engine.core, engine, CAPABILITIES), {
    enqueue: (event: BusEvent, options?: EnqueueOptions) => engine.enqueue(event, options),
    lastError: () => engine.core.lastError,
    clearError: () => {
      engine.core.lastError = undefined;
    },
  });
  return bus as unknown as AsyncBus<M>;
}

/** Queues events, and calls their handlers in a microtask. */
class AsyncEngine implements Engine {
  readonly core: BusCore;
  #ledger: Ledger;
  #registry: Registry;
  #queue = new EventQueue();
  #backlog = new KeyedBacklog();
  #waiters = new WaitingList();
  #capacity: number;
  #overflow: NonNullable<AsyncOptions["overflow"]>;
  #concurrency: number;
  #isScheduled = false;
  #isHandling = false;
  /** Events that may be handled before the event loop must have a turn. */
  #left = BURST;
  #run = () => this.#drainQueue();
  #resume = () => {
    this.#left = BURST;
    this.#drainQueue();
  };

  constructor(options: AsyncOptions) {
    this.core = new BusCore(options, this);
    this.#ledger = this.core.ledger;
    this.#registry = this.core.registry;
    this.#capacity = options.capacity ?? 65_536;
    this.#overflow = options.overflow ?? "block";
    this.#concurrency = options.concurrency ?? 256;
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const ledger = this.#ledger;
    if (resolution.handlers.length === 0) {
      ledger.emitted++;
      ledger.processed++;
      return;
    }
    if (this.#isFull() && !this.#makeRoom(event)) return;
    ledger.emitted++;
    this.#queue.push(resolution, event);
    if (!this.#isScheduled) this.#schedule();
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  isInHandler(): boolean {
    return this.#isHandling;
  }

  discard(): number {
    const counts = new Map<string, number>();
    let count = 0;
    while (this.#queue.size + this.#backlog.size > 0) {
      const { type } = this.#takeOldest();
      counts.set(type, (counts.get(type) ?? 0) + 1);
      count++;
    }
    this.#ledger.dropped += count;
    for (const [type, count] of counts) this.core.reportDrop({ reason: "closed", count, type });
    for (const waiter of this.#waiters) {
      waiter.refuse(new BusClosedError(`enqueue '${waiter.event.type}'`));
    }
    return count;
  }

  /** The `enqueue` of the bus. */
  async enqueue(event: BusEvent, options: EnqueueOptions = {}): Promise<void> {
    check("enqueue an event", "event", event, OBJECT);
    checkOptions("enqueue an event", options, ENQUEUE_RULES);
    options.signal?.throwIfAborted();
    const resolution = this.#registry.lookup(event?.type);
    if (resolution.handlers.length === 0 || (!this.#isFull() && this.#waiters.size === 0)) {
      this.deliver(resolution, event);
      return;
    }
    await this.#waiters.wait(event, options, this.#capacity);
  }

  #isFull(): boolean {
    return this.#queue.size + this.#backlog.size >= this.#capacity;
  }

  /** Whether there is an event that may be handled now. */
  #isReady(): boolean {
    return (this.#queue.size > 0 || this.#backlog.hasDue) &&
      this.#ledger.pending < this.#concurrency;
  }

  /** Goes on in a microtask, or, every `BURST` events, after the event loop has had a turn. */
  #schedule(): void {
    this.#isScheduled = true;
    if (this.#left > 0) RESOLVED.then(this.#run);
    else scheduleMacrotask(this.#resume);
  }

  #drainQueue(): void {
    this.#left -= this.#handleBurst(this.#left);
    if (this.#isReady()) this.#schedule();
    else this.#isScheduled = false;
  }

  /** Handles what may be handled, at most `limit` events; says how many those were. */
  #handleBurst(limit: number): number {
    const queue = this.#queue;
    const backlog = this.#backlog;
    const ledger = this.#ledger;
    let handled = 0;
    this.#isHandling = true;
    for (; handled < limit && ledger.pending < this.#concurrency; handled++) {
      if (backlog.size > 0 && backlog.hasDue) this.#handleDue();
      else if (queue.size > 0) this.#handleNext();
      else break;
    }
    this.#isHandling = false;
    if (this.#waiters.size > 0) this.#admitWaiters();
    this.#ledger.settle();
    return handled;
  }

  #handleNext(): void {
    const resolution = this.#queue.peekResolution();
    const event = this.#queue.shift();
    if (this.#backlog.active && this.#backlog.hold(resolution, event)) return;
    this.#handle(resolution, event);
  }

  #handleDue(): void {
    const { key, resolution, event } = this.#backlog.shiftDue();
    if (!this.#handle(resolution, event)) this.#backlog.end(key);
  }

  /** Calls the handlers; says whether a promise of one of them is pending. */
  #handle(resolution: Resolution, event: BusEvent): boolean {
    if (resolution.version !== this.#registry.version) {
      resolution = this.#registry.current(resolution.type);
    }
    const sole = resolution.sole;
    if (sole === undefined) return this.#handleByMany(resolution, event);
    try {
      const result = sole(event);
      if (result !== undefined && isThenable(result)) {
        const delivery = this.#createDelivery(event);
        delivery.follow(result, resolution.registrations[0]);
        delivery.leave();
        return true;
      }
    } catch (error) {
      this.core.fail(error, event, resolution.registrations[0]);
    }
    this.#ledger.processed++;
    return false;
  }

  #handleByMany({ handlers, registrations }: Resolution, event: BusEvent): boolean {
    let delivery: PendingDelivery | undefined;
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i];
      try {
        const result = handler(event);
        if (result !== undefined && isThenable(result)) {
          delivery ??= this.#createDelivery(event);
          delivery.follow(result, registrations[i]);
        }
      } catch (error) {
        this.core.fail(error, event, registrations[i]);
      }
    }
    if (delivery === undefined) {
      this.#ledger.processed++;
      return false;
    }
    delivery.leave();
    return true;
  }

  #createDelivery(event: BusEvent): PendingDelivery {
    const { key } = event;
    if (key !== undefined) this.#backlog.begin(key);
    return new PendingDelivery(this.core, event, () => {
      if (key !== undefined) this.#backlog.end(key);
      if (!this.#isScheduled && this.#isReady()) this.#schedule();
      else if (this.#waiters.size > 0) this.#admitWaiters();
    });
  }

  /** Makes room for one event as `overflow` says; says whether the event is still to be queued. */
  #makeRoom(event: BusEvent): boolean {
    if (this.#overflow === "drop-newest") {
      this.#ledger.emitted++;
      this.#drop(event);
      return false;
    }
    if (this.#overflow === "drop-oldest") {
      this.#drop(this.#takeOldest());
      return true;
    }
    if (this.#overflow === "error") {
      throw new QueueFullError(event.type, this.#capacity, "the queue is full");
    }
    if (this.#isHandling) {
      throw new QueueFullError(
        event.type,
        this.#capacity,
        "the queue is full and a handler must not wait for it",
      );
    }
    while (this.#isFull() && this.#isReady()) this.#handleBurst(BURST);
    if (this.#isFull()) {
      throw new QueueFullError(
        event.type,
        this.#capacity,
        "the queue is full and waits for promises of its handlers",
      );
    }
    return true;
  }

  #takeOldest(): BusEvent {
    return this.#queue.size > 0 ? this.#queue.shift() : this.#backlog.shiftAny().event;
  }

  #drop(event: BusEvent): void {
    this.#ledger.dropped++;
    this.core.reportDrop({ reason: "overflow", count: 1, type: event.type, event });
  }

  #admitWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#isFull()) return;
      try {
        this.deliver(this.#registry.lookup(waiter.event.type), waiter.event);
        waiter.accept();
      } catch (error) {
        waiter.refuse(error);
      }
    }
  }
}

function isCapacity(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 2 ** 24 && (value & (value - 1)) === 0;
}
