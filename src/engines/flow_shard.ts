import { BusClosedError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { EventQueue } from "./event_queue.ts";
import { FlowBatch } from "./flow_batch.ts";
import { WaitingList } from "./waiting_list.ts";
import type { BusEvent } from "../core/event.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Resolution } from "../core/resolution.ts";
import type { BoundedQueue, Queued } from "./overflow.ts";
import type { FlowContext } from "./flow_context.ts";

/** Events that are handled before the event loop has a turn. */
const BURST = 1024;

const RESOLVED = Promise.resolve();

/** A `flush` that waits for a shard. */
export interface Flush {
  /** Says that a shard has handled what it had when the flush began. */
  reach(): void;
  /** Says that it never will. */
  refuse(error: unknown): void;
}

/** What keeps the events of a shard until their batch is through. */
export interface BatchHost {
  /** A batch begins, of that many of the oldest events. */
  begin(size: number): void;
  /** The batch is through; its stages have added that many events to it. */
  end(added: number): void;
}

/**
 * A unit of order: a queue, and one batch at a time from its head.
 *
 * The queue's head is sealed: events that belong to batches that may leave. Behind it the next
 * batch is in collection. It is sealed when it is full, when its first event is as old as the
 * time-out says, or by a flush.
 */
export class FlowShard implements BoundedQueue {
  /** The calls of `enqueue` that wait for room. */
  readonly waiters = new WaitingList();
  /** The calls of `flush` that wait, each with the number of events that must be gone. */
  readonly flushes = new Map<Flush, number>();
  /** Batches that are through, and the emitted events in them. */
  batches = 0;
  processed = 0;
  #context: FlowContext;
  #ledger: Ledger;
  #batchSize: number;
  #timeout: number;
  #capacity: number;
  #host: BatchHost | undefined;
  #queue = new EventQueue();
  /** How many events have come into the queue, how many of them may leave, how many have left. */
  #come = 0;
  #sealed = 0;
  #gone = 0;
  /** Emitted events of the batch under way. */
  #size = 0;
  #batch: FlowBatch;
  #isScheduled = false;
  /** Events that may be handled before the event loop must have a turn. */
  #left = BURST;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of the batch in collection, when it began, and the number that the timer is for. */
  #collection = 0;
  #begun = 0;
  #timed = 0;
  #run = () => this.#runSealed();
  #resume = () => {
    this.#left = BURST;
    this.#runSealed();
  };
  #expire = () => this.#sealExpired();

  constructor(context: FlowContext, host?: BatchHost) {
    const { batchSize, batchTimeout, capacity } = context.settings;
    this.#context = context;
    this.#ledger = context.core.ledger;
    this.#batchSize = batchSize;
    this.#timeout = batchTimeout;
    this.#capacity = capacity;
    this.#host = host;
    this.#batch = new FlowBatch(context, () => this.#endBatch());
  }

  /** Whether there is no room for an event. */
  get isFull(): boolean {
    return this.#queue.size >= this.#capacity;
  }

  /** Whether a batch is in its stages or handlers. */
  get isUnderWay(): boolean {
    return this.#batch.isUnderWay;
  }

  /** Whether it has anything that is not handled. */
  get isBusy(): boolean {
    return this.#queue.size > 0 || this.#batch.isUnderWay;
  }

  /** Takes an event; there must be room. */
  push(resolution: Resolution, event: BusEvent): void {
    const isLast = this.#come + 1 - this.#sealed >= this.#batchSize;
    // In this order: where the stack ends in one of the calls, nothing is counted or queued.
    if (this.#come === this.#sealed) this.#beginCollection();
    else if (isLast) this.#wake();
    this.#queue.push(resolution, event);
    this.#ledger.emitted++;
    this.#come++;
    if (isLast) this.#sealed = this.#come;
  }

  /** Lets what is in collection leave. */
  seal(): void {
    this.#sealed = this.#come;
    this.#wake();
  }

  /** Takes a batch out of the queue here and now; says whether that was possible. */
  makeRoom(): boolean {
    if (this.#sealed === this.#gone || this.#batch.isUnderWay) return false;
    this.#beginBatch();
    return true;
  }

  /** Takes out the event that has waited longest; there must be one. */
  takeOldest(): Queued {
    this.#gone++;
    return { resolution: this.#queue.peekResolution(), event: this.#queue.shift() };
  }

  /** Makes a flush wait for all that the shard has now, and lets that leave. */
  flush(flush: Flush): void {
    this.flushes.set(flush, this.#come);
    this.seal();
  }

  /** Gives up what waits, because the bus is closed; returns the types. */
  discard(): string[] {
    clearTimeout(this.#timer);
    const types = this.#batch.discard();
    while (this.#queue.size > 0) types.push(this.takeOldest().resolution.type);
    this.waiters.refuse();
    for (const flush of this.flushes.keys()) flush.refuse(new BusClosedError("flush the bus"));
    return types;
  }

  /** The wake-up lets it leave, if the time-out is 0, or else starts its timer. */
  #beginCollection(): void {
    this.#collection++;
    this.#begun = Date.now();
    this.#wake();
  }

  /**
   * Sees to it that the batch in collection leaves in time, when the shard has nothing else to do.
   *
   * That is later than its first event came, so the clock has a say: but a timer that it belongs
   * to from the start seals it, however the clock was set meanwhile. A timer is not stopped when
   * its batch leaves early, as that would cost one for each batch; it serves the next one.
   */
  #watchCollection(): void {
    if (this.#queue.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined && this.#timeout <= MAX_DELAY) {
      const age = Math.max(0, Date.now() - this.#begun);
      this.#timed = this.#collection;
      this.#timer = setTimeout(this.#expire, Math.max(0, this.#timeout - age));
    }
  }

  #sealExpired(): void {
    this.#timer = undefined;
    if (this.#timed === this.#collection) this.seal();
    else if (!this.#batch.isUnderWay) this.#watchCollection();
  }

  #wake(): void {
    if (!this.#isScheduled && !this.#batch.isUnderWay) this.#schedule();
  }

  /** Goes on in a microtask, or, every `BURST` events, after the event loop has had a turn. */
  #schedule(): void {
    if (this.#left > 0) RESOLVED.then(this.#run);
    else scheduleMacrotask(this.#resume);
    this.#isScheduled = true;
  }

  #runSealed(): void {
    while (!this.#batch.isUnderWay && this.#left > 0 && this.#hasSealed()) this.#beginBatch();
    this.#isScheduled = false;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#batch.isUnderWay) return;
    if (this.#hasSealed()) this.#wake();
    else this.#watchCollection();
  }

  #hasSealed(): boolean {
    if (this.#context.isHasty) this.#sealed = this.#come;
    return this.#sealed > this.#gone;
  }

  /** Takes a batch from the head of the queue, and handles as much of it as waits for nothing. */
  #beginBatch(): void {
    const size = this.#size = Math.min(this.#sealed - this.#gone, this.#batchSize);
    this.#left -= size;
    this.#batch.enter();
    this.#host?.begin(size);
    const { settings, batchHandlers } = this.#context;
    if (settings.stages.length > 0 || batchHandlers.size > 0) {
      const events = this.#queue.take(size);
      this.#gone += size;
      if (this.waiters.size > 0) this.#admitWaiters();
      this.#batch.process(events);
    } else {
      this.#handle(size);
    }
    this.#batch.leave();
  }

  /** Hands events to their handlers one by one, so that no array is made of them. */
  #handle(size: number): void {
    const queue = this.#queue;
    const end = this.#gone + size;
    this.#context.isHandling = true;
    // Handlers may close the bus, or drop the oldest by their emits: then fewer are left.
    while (this.#gone < end) {
      this.#gone++;
      const resolution = queue.peekResolution();
      this.#batch.handle(resolution, queue.shift());
    }
    this.#context.isHandling = false;
    if (this.waiters.size > 0) this.#admitWaiters();
  }

  #admitWaiters(): void {
    const { registry } = this.#context.core;
    this.waiters.admit((event) => {
      if (this.isFull) return false;
      // No handler is on the stack: those who wait are refused while the bus drains.
      this.push(registry.resolve(event.type, "enqueue"), event);
      return true;
    });
  }

  #endBatch(): void {
    this.batches++;
    this.processed += this.#size;
    this.#host?.end(this.#batch.added);
    for (const [flush, gone] of this.flushes) {
      if (this.#gone < gone) continue;
      this.flushes.delete(flush);
      flush.reach();
    }
    this.#ledger.settle();
    if (!this.#isScheduled) this.#goOn();
  }
}
