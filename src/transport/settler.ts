import type { Delivery, Lane, Requeue, Source, Traits } from "./port.ts";

/** What a settler tells. */
export interface SettlerHooks {
  /** The broker did not take `count` decisions. */
  failed(error: unknown, count: number): void;
}

/**
 * Brings decisions to the broker: one call at a time, and what is decided meanwhile goes with the next.
 * No timer: an idle broker gets an ack at once, a busy one gets them in bulk.
 */
export class Settler {
  readonly #source: Source;
  readonly #hooks: SettlerHooks;
  readonly #settle: Traits["settle"];
  #acks: Delivery[] = [];
  #commits = new Map<Lane, Delivery>();
  #requeues: Requeue[] = [];
  #flushing: Promise<void> | undefined;

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

  #start(): void {
    if (this.#flushing !== undefined) return;
    this.#flushing = this.#run().finally(() => this.#flushing = undefined);
  }

  async #run(): Promise<void> {
    // Decisions of the same burst of synchronous handlers share a call.
    await undefined;
    while (this.pending > 0) {
      const failed = await this.#ackAll();
      await this.#requeueAll();
      // What a broker refused goes with the next decision, not in a loop.
      if (failed) return;
    }
  }

  async #ackAll(): Promise<boolean> {
    const acks = this.#settle === "prefix" ? this.#takeCommits() : this.#acks;
    if (acks.length === 0) return false;
    if (this.#settle === "each") this.#acks = [];
    try {
      await this.#source.ack(acks);
      return false;
    } catch (error) {
      this.#hooks.failed(error, acks.length);
      return this.#settle === "prefix" && this.#restore(acks);
    }
  }

  /** The commits of lanes that are still ours. */
  #takeCommits(): Delivery[] {
    const commits = [...this.#commits.values()].filter(({ lane }) => !lane.fenced);
    this.#commits.clear();
    return commits;
  }

  /** A position that was not committed goes with a later one, unless that has come already. */
  #restore(commits: readonly Delivery[]): boolean {
    for (const commit of commits) {
      if (!this.#commits.has(commit.lane)) this.#commits.set(commit.lane, commit);
    }
    return true;
  }

  async #requeueAll(): Promise<void> {
    const items = this.#requeues;
    if (items.length === 0) return;
    this.#requeues = [];
    try {
      await this.#source.requeue!(items);
    } catch (error) {
      this.#hooks.failed(error, items.length);
    }
  }
}
