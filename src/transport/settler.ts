import type { Delivery, Lane, Requeue, Source, Traits } from "./port.ts";
import { after } from "./timer.ts";

/** What a settler tells. */
export interface SettlerHooks {
  /** The broker did not take `count` decisions. */
  failed(error: unknown, count: number): void;
  /** There may be fewer decisions to be told: the broker took some, or they were of lanes that are not ours. */
  advanced(): void;
}

const FIRST_RETRY = 100;
const LAST_RETRY = 5_000;

/**
 * Brings decisions to the broker: one call at a time, and what is decided meanwhile goes with the next.
 * An idle broker gets an ack at once, a busy one gets them in bulk; there is no timer, but after a
 * call that failed: what the broker did not take is offered again.
 */
export class Settler {
  readonly #source: Source;
  readonly #hooks: SettlerHooks;
  readonly #settle: Traits["settle"];
  #acks: Delivery[] = [];
  #commits = new Map<Lane, Delivery>();
  #requeues: Requeue[] = [];
  #flushing: Promise<void> | undefined;
  #failures = 0;
  /** Decisions in the call in flight. */
  #offered = 0;
  #stopped = false;
  /** Ends the wait after a call that failed; `undefined` is no wait. */
  #cancelWait: (() => void) | undefined;
  /** Who waits until nothing is left to be told. */
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(source: Source, settle: Traits["settle"], hooks: SettlerHooks) {
    this.#source = source;
    this.#settle = settle;
    this.#hooks = hooks;
  }

  /** Decisions that the broker has not taken. */
  get pending(): number {
    return this.#offered + this.#waiting;
  }

  /** Decisions that wait for the call in flight. */
  get #waiting(): number {
    return this.#acks.length + this.#commits.size + this.#requeues.length;
  }

  /** Acks a delivery, or commits its lane up to it. */
  ack(delivery: Delivery): void {
    if (this.#settle === "none" || this.#stopped) return;
    if (this.#settle === "prefix") this.#commits.set(delivery.lane, delivery);
    else this.#acks.push(delivery);
    this.#start();
  }

  /** Has a delivery delivered again, if the source can. */
  requeue(item: Requeue): void {
    if (this.#source.requeue === undefined || this.#stopped) return;
    this.#requeues.push(item);
    this.#start();
  }

  /** Offers at once what waits; resolves when the broker has taken every decision, or the source is gone. */
  flush(): Promise<void> {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    if (this.#waiting > 0) this.#start();
    if (this.#flushing === undefined) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Offers nothing more: the source is gone. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWait?.();
    this.#acks = [];
    this.#commits.clear();
    this.#requeues = [];
    if (this.#flushing === undefined) this.#endFlush();
  }

  #start(): void {
    if (this.#flushing === undefined && this.#cancelWait === undefined) {
      this.#flushing = this.#run();
    }
  }

  async #run(): Promise<void> {
    // Decisions of the same burst of synchronous handlers share a call.
    await undefined;
    let refused = false;
    while (this.#waiting > 0 && !refused) {
      const acks = this.#takeAcks();
      // Where a lane is another's by now there is nothing to offer again, and others need not wait.
      const isAcked = await this.#offer(acks, () => this.#source.ack(acks)) || acks.every(isFenced);
      if (!isAcked) this.#restore(acks);
      const items = this.#takeRequeues();
      const isRequeued = await this.#offer(items, () => this.#source.requeue!(items));
      if (!isRequeued) this.#requeues = [...items, ...this.#requeues];
      this.#hooks.advanced();
      refused = !isAcked || !isRequeued;
    }
    // Here and not a microtask later: a decision that comes in between would start nothing.
    this.#flushing = undefined;
    this.#failures = refused ? this.#failures + 1 : 0;
    if (this.#stopped) this.stop();
    else if (refused) this.#retry();
    else this.#endFlush();
  }

  #endFlush(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #retry(): void {
    const delay = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LAST_RETRY);
    this.#cancelWait = after(delay, () => {
      this.#cancelWait = undefined;
      this.#start();
    });
  }

  /** Whether the broker took some decisions. */
  async #offer(decisions: readonly unknown[], call: () => Promise<void>): Promise<boolean> {
    const count = decisions.length;
    if (count === 0) return true;
    this.#offered = count;
    try {
      await call();
      return true;
    } catch (error) {
      this.#hooks.failed(error, count);
      return false;
    } finally {
      this.#offered = 0;
    }
  }

  /** What waits, of lanes that are still ours. */
  #takeAcks(): Delivery[] {
    const acks = this.#settle === "prefix" ? [...this.#commits.values()] : this.#acks;
    this.#commits.clear();
    this.#acks = [];
    return acks.some(isFenced) ? acks.filter((delivery) => !isFenced(delivery)) : acks;
  }

  #takeRequeues(): Requeue[] {
    const items = this.#requeues.filter(({ delivery }) => !isFenced(delivery));
    this.#requeues = [];
    return items;
  }

  /** A position that was not committed gives way to a later one. */
  #restore(acks: readonly Delivery[]): void {
    if (this.#settle === "each") this.#acks = [...acks, ...this.#acks];
    else {
      for (const ack of acks) if (!this.#commits.has(ack.lane)) this.#commits.set(ack.lane, ack);
    }
  }
}

function isFenced({ lane }: Delivery): boolean {
  return lane.fenced;
}
