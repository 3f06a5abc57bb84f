import { BusCore } from "../core/bus_core.ts";
import { isThenable } from "../options/thenable.ts";
import { check, checkOptions, DURATION, OBJECT, SIGNAL } from "../options/options.ts";
import { PendingDelivery } from "../core/pending_delivery.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { CAPACITY } from "./async_options.ts";
import { dropClosed } from "./report_drops.ts";
import { EventQueue } from "./event_queue.ts";
import { keyOf } from "./key_of.ts";
import { KeyedBacklog } from "./keyed_backlog.ts";
import { type BoundedQueue, Overflow, type Queued } from "./overflow.ts";
import { WaitingList } from "./waiting_list.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { Engine } from "../core/engine.ts";
import type { BusEvent } from "../core/event.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Registry } from "../core/registry.ts";
import type { Resolution } from "../core/resolution.ts";
import type { Rules } from "../options/options.ts";
import type { AsyncOptions } from "./async_options.ts";

/** Events that are handled before the event loop has a turn. */
const BURST = 1024;

/** Options of `enqueue`. */
export const ENQUEUE_RULES: Rules = { signal: SIGNAL, timeout: DURATION };

const RESOLVED = Promise.resolve();

/** Queues events, and calls their handlers in a microtask. */
export class AsyncEngine implements Engine, BoundedQueue {
  readonly core: BusCore;
  #ledger: Ledger;
  #registry: Registry;
  #queue = new EventQueue();
  #backlog = new KeyedBacklog();
  #waiters = new WaitingList();
  #capacity: number;
  #overflow: Overflow;
  #concurrency: number;
  #isScheduled = false;
  #isHandling = false;
  /** Whether no key is at work and nobody waits for room: then only the queue has to be asked. */
  #isPlain = true;
  /** Events that may be handled before the event loop must have a turn. */
  #left = BURST;
  #run = () => this.#drainQueue();
  #resume = () => {
    this.#left = BURST;
    this.#drainQueue();
  };

  /** With a `core` of another engine it queues what that one hands on. */
  constructor(options: AsyncOptions, core?: BusCore) {
    this.core = core ?? new BusCore(options, this);
    this.#ledger = this.core.ledger;
    this.#registry = this.core.registry;
    const { capacity = CAPACITY, overflow = "block" } = options;
    this.#capacity = capacity;
    this.#overflow = new Overflow(this.core, { overflow, capacity });
    this.#concurrency = options.concurrency ?? 256;
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const ledger = this.#ledger;
    if (resolution.first === undefined) {
      ledger.emitted++;
      ledger.processed++;
      return;
    }
    if (this.#isFull()) this.#overflow.deliver(this, resolution, event);
    else this.push(resolution, event);
  }

  /** Whether any handler gets events of a type. */
  wants({ first }: Resolution): boolean {
    return first !== undefined;
  }

  /** Whether an event would find no room. */
  get isFull(): boolean {
    return this.#isFull();
  }

  /**
   * Makes room for an event that is to be delivered next, as far as `overflow` allows it.
   * Gives its resolution, anew if handlers have run.
   *
   * @throws {QueueFullError} If there is none.
   */
  prepare(resolution: Resolution): Resolution {
    return this.#overflow.prepare(this, resolution);
  }

  push(resolution: Resolution, event: BusEvent): void {
    // In this order: where the stack ends in one of the calls, nothing is counted or queued.
    if (!this.#isScheduled) this.#schedule();
    this.#queue.push(resolution, event);
    this.#ledger.emitted++;
  }

  takeOldest(): Queued {
    // What is held back by its key was queued before all that is queued now.
    if (this.#backlog.size > 0) return this.#backlog.shiftOldest();
    return { resolution: this.#queue.peekResolution(), event: this.#queue.shift() };
  }

  makeRoom(): boolean {
    if (!this.#isReady()) return false;
    this.#handleBurst(BURST);
    return true;
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  isInHandler(): boolean {
    return this.#isHandling;
  }

  discard(): number {
    const types: string[] = [];
    while (this.#queue.size + this.#backlog.size > 0) {
      types.push(this.takeOldest().resolution.type);
    }
    dropClosed(this.core, types);
    this.#waiters.refuse();
    return types.length;
  }

  /** The `enqueue` of the bus. */
  async enqueue(event: BusEvent, options: EnqueueOptions = {}): Promise<void> {
    check("enqueue an event", "event", event, OBJECT);
    checkOptions("enqueue an event", options, ENQUEUE_RULES);
    options.signal?.throwIfAborted();
    const resolution = this.#registry.resolve(event.type, "enqueue");
    if (resolution.first === undefined || (!this.#isFull() && this.#waiters.size === 0)) {
      this.deliver(resolution, event);
      return;
    }
    this.#isPlain = false;
    await this.#waiters.wait(event, options, this.#capacity);
  }

  #isFull(): boolean {
    return this.#queue.size + (this.#isPlain ? 0 : this.#backlog.size) >= this.#capacity;
  }

  /** Whether there is an event that may be handled now. */
  #isReady(): boolean {
    return (this.#queue.size > 0 || this.#backlog.hasDue) &&
      this.#ledger.pending < this.#concurrency;
  }

  /** Goes on in a microtask, or, every `BURST` events, after the event loop has had a turn. */
  #schedule(): void {
    if (this.#left > 0) RESOLVED.then(this.#run);
    else scheduleMacrotask(this.#resume);
    this.#isScheduled = true;
  }

  #drainQueue(): void {
    try {
      this.#left -= this.#handleBurst(this.#left);
    } finally {
      if (this.#isReady()) this.#schedule();
      else this.#isScheduled = false;
    }
  }

  /** Handles what may be handled, at most `limit` events; says how many those were. */
  #handleBurst(limit: number): number {
    const queue = this.#queue;
    const ledger = this.#ledger;
    let handled = 0;
    try {
      this.#isHandling = true;
      for (; handled < limit && ledger.pending < this.#concurrency; handled++) {
        if (!this.#isPlain) {
          if (!this.#handleCarefully()) break;
        } else if (queue.size > 0) this.#handle(queue.peekResolution(), queue.shift());
        else break;
      }
    } finally {
      this.#isHandling = false;
    }
    ledger.settle();
    return handled;
  }

  /** Handles one event where keys are at work or somebody waits; says whether there was one. */
  #handleCarefully(): boolean {
    const backlog = this.#backlog;
    if (backlog.hasDue) this.#handleDue();
    else if (this.#queue.size > 0) this.#handleNext();
    else return false;
    if (this.#waiters.size > 0) this.#admitWaiters();
    this.#isPlain = !backlog.active && this.#waiters.size === 0;
    return true;
  }

  #handleNext(): void {
    const resolution = this.#queue.peekResolution();
    const event = this.#queue.shift();
    const key = keyOf(event);
    if (key !== undefined && this.#backlog.hold(key, resolution, event)) return;
    this.#handle(resolution, event);
  }

  #handleDue(): void {
    const { key, resolution, event } = this.#backlog.shiftDue();
    if (!this.#handle(resolution, event, key)) this.#backlog.end(key);
  }

  /**
   * Calls the handlers; says whether a promise of one of them is pending. The key is given where
   * it is known, as the event may have been changed while it waited.
   */
  #handle(resolution: Resolution, event: BusEvent, key?: string): boolean {
    if (resolution.version !== this.#registry.version) {
      resolution = this.#registry.current(resolution.type);
    }
    const { sole, registrations } = resolution;
    if (sole === undefined) return this.#handleByMany(resolution, event, key);
    try {
      const result = sole(event);
      if (result !== undefined && isThenable(result)) {
        this.#createDelivery(event, key).follow(result, registrations[0]);
        this.#ledger.pending++;
        return true;
      }
    } catch (error) {
      this.core.fail(error, event, registrations[0]);
    }
    this.#ledger.processed++;
    return false;
  }

  #handleByMany({ first }: Resolution, event: BusEvent, key?: string): boolean {
    let delivery: PendingDelivery | undefined;
    for (let link = first; link !== undefined; link = link.next) {
      const { handler, registration } = link;
      try {
        const result = handler(event);
        if (result !== undefined && isThenable(result)) {
          delivery ??= this.#createDelivery(event, key);
          delivery.follow(result, registration);
        }
      } catch (error) {
        this.core.fail(error, event, registration);
      }
    }
    if (delivery === undefined) {
      this.#ledger.processed++;
      return false;
    }
    this.#ledger.pending++;
    return true;
  }

  #createDelivery(event: BusEvent, key = keyOf(event)): PendingDelivery {
    if (key !== undefined) {
      this.#backlog.begin(key);
      this.#isPlain = false;
    }
    return new PendingDelivery(this.core, event, () => {
      if (key !== undefined) this.#backlog.end(key);
      if (!this.#isScheduled && this.#isReady()) this.#schedule();
      else if (this.#waiters.size > 0) this.#admitWaiters();
    });
  }

  #admitWaiters(): void {
    const wasHandling = this.#isHandling;
    // Those who wait are outside, so that they are refused while the bus drains.
    this.#isHandling = false;
    this.#waiters.admit((event) => {
      if (this.#isFull()) return false;
      this.deliver(this.#registry.resolve(event.type, "enqueue"), event);
      return true;
    });
    this.#isHandling = wasHandling;
  }
}
