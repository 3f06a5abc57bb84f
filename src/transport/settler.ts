import type { Delivery, Lane, Requeue, Source, Traits } from "./port.ts";
import { after } from "./timer.ts";

/** What a settler tells. */
export interface SettlerHooks {
  /** The broker did not take `count` decisions. */
  failed(error: unknown, count: number): void;
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
  #cancelRetry: () => void = () => {};

  constructor(source: Source, settle: Traits["settle"], hooks: SettlerHooks) {
    this.#source = source;
    this.#settle = settle;
    this.#hooks = hooks;
  }

  /** Decisions that wait for the call in flight. */
  get pending(): number {
    return this.#acks.length + this.#commits.size + this.#requeues.length;
  }

  /** Acks a delivery, or commits its lane up to it. */
  ack(delivery: Delivery): void {
    if (this.#settle === "none") return;
    if (this.#settle === "prefix") this.#commits.set(delivery.lane, delivery);
    else this.#acks.push(delivery);
    this.#start();
  }

  /** Has a delivery delivered again, if the source can. */
  requeue(item: Requeue): void {
    if (this.#source.requeue === undefined) return;
    this.#requeues.push(item);
    this.#start();
  }

  /** Resolves when the broker has heard of every decision, or has failed to. */
  async flush(): Promise<void> {
    if (this.#flushing === undefined && this.pending > 0) this.#start();
    while (this.#flushing !== undefined) await this.#flushing;
  }

  /** Offers nothing more: the source is gone. */
  stop(): void {
    this.#cancelRetry();
    this.#acks = [];
    this.#commits.clear();
    this.#requeues = [];
  }

  #start(): void {
    if (this.#flushing !== undefined) return;
    this.#cancelRetry();
    this.#flushing = this.#run();
  }

  async #run(): Promise<void> {
    // Decisions of the same burst of synchronous handlers share a call.
    await undefined;
    let refused = false;
    while (this.pending > 0 && !refused) {
      const isAcked = await this.#ackAll();
      const isRequeued = await this.#requeueAll();
      refused = !isAcked || !isRequeued;
    }
    // Here and not a microtask later: a decision that comes in between would start nothing.
    this.#flushing = undefined;
    this.#failures = refused ? this.#failures + 1 : 0;
    if (!refused) return;
    const delay = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LAST_RETRY);
    this.#cancelRetry = after(delay, () => this.#start());
  }

  /** Whether the broker took them. */
  async #ackAll(): Promise<boolean> {
    const acks = this.#takeAcks();
    if (acks.length === 0) return true;
    try {
      await this.#source.ack(acks);
      return true;
    } catch (error) {
      this.#hooks.failed(error, acks.length);
      this.#restore(acks);
      return false;
    }
  }

  /** What waits, of lanes that are still ours. */
  #takeAcks(): Delivery[] {
    const acks = this.#settle === "prefix" ? [...this.#commits.values()] : this.#acks;
    this.#commits.clear();
    this.#acks = [];
    return acks.filter(({ lane }) => !lane.fenced);
  }

  /** A position that was not committed gives way to a later one. */
  #restore(acks: readonly Delivery[]): void {
    if (this.#settle === "each") this.#acks = [...acks, ...this.#acks];
    else {
      for (const ack of acks) if (!this.#commits.has(ack.lane)) this.#commits.set(ack.lane, ack);
    }
  }

  /** Whether the broker took them. */
  async #requeueAll(): Promise<boolean> {
    const items = this.#requeues.filter(({ delivery }) => !delivery.lane.fenced);
    this.#requeues = [];
    if (items.length === 0) return true;
    try {
      await this.#source.requeue!(items);
      return true;
    } catch (error) {
      this.#hooks.failed(error, items.length);
      this.#requeues = [...items, ...this.#requeues];
      return false;
    }
  }
}
