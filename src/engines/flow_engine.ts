import { BusCore } from "../core/bus_core.ts";
import { BusClosedError } from "../core/errors.ts";
import { check, checkOptions, OBJECT, SIGNAL } from "../options/options.ts";
import { ENQUEUE_RULES } from "./async_engine.ts";
import { dropClosed } from "./report_drops.ts";
import { FlowContext } from "./flow_context.ts";
import { settleFlowOptions } from "./flow_options.ts";
import { FlowShard } from "./flow_shard.ts";
import { flushShards } from "./flush.ts";
import { fnv1a } from "./fnv1a.ts";
import { keyOf } from "./key_of.ts";
import { Overflow } from "./overflow.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BatchStats, FlushOptions } from "../core/flow_contracts.ts";
import type { Engine } from "../core/engine.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { BatchHandlers } from "./batch_handlers.ts";
import type { Feed } from "./feed.ts";
import type { FlowOptions, FlowSettings } from "./flow_options.ts";

/** What sends events to the shards of other threads. */
export interface Sender {
  /** Where it puts them, with the bytes that one may take there. */
  readonly outbox: { readonly maxFrame: number };
  /** Delivers an event if there is room for it wherever it goes; says whether there was. */
  offer(resolution: Resolution, event: BusEvent): boolean;
}

/** Types whose shards are remembered: those of most programs, a bounded number of any. */
const MAX_TYPES = 1_024;

/** Spreads events over shards, each of which takes them through the stages batch by batch. */
export class FlowEngine implements Engine {
  readonly core: BusCore;
  readonly context: FlowContext;
  readonly batchHandlers: BatchHandlers;
  /** What other threads have emitted comes from here. */
  declare feed: Pick<Feed, "pull" | "discard"> | undefined;
  /** Where the shards are in other threads: what sends events to them. */
  declare sender: Sender | undefined;
  #settings: FlowSettings;
  #overflow: Overflow;
  #shards: FlowShard[];
  #spread: ReadonlySet<string>;
  #turn = 0;
  #byType = new Map<string, FlowShard>();

  /** With a `core` of another engine it batches what that one hands on. */
  constructor(options: FlowOptions, core?: BusCore) {
    this.#settings = settleFlowOptions(options);
    this.core = core ?? new BusCore(options, this);
    this.context = new FlowContext(this.core, this.#settings);
    this.batchHandlers = this.context.batchHandlers;
    this.#overflow = new Overflow(this.core, this.#settings);
    this.#spread = new Set(this.#settings.spread);
    this.#shards = Array.from(
      { length: this.#settings.shards },
      () => new FlowShard(this.context),
    );
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const full = this.offer(resolution, event);
    if (full !== undefined) this.#overflow.deliver(full, resolution, event);
  }

  /** Delivers an event if there is room for it; otherwise gives the shard that is full. */
  offer(resolution: Resolution, event: BusEvent): FlowShard | undefined {
    if (!this.wants(resolution)) {
      this.core.ledger.emitted++;
      this.core.ledger.processed++;
      return undefined;
    }
    const shard = this.#shardOf(resolution.type, event);
    if (shard.isFull) return shard;
    shard.push(resolution, event);
    return undefined;
  }

  /** Whether an event must be taken through a batch. */
  wants(resolution: Resolution): boolean {
    return resolution.first !== undefined || this.#settings.stages.length > 0 ||
      this.batchHandlers.wants(resolution);
  }

  /** Whether an event would find no room; only of an engine with one shard. */
  get isFull(): boolean {
    return this.#shards[0].isFull;
  }

  /**
   * Makes room for an event that is to be delivered next, as far as `overflow` allows it; only of
   * an engine with one shard. Gives its resolution, anew if handlers have run.
   *
   * @throws {QueueFullError} If there is none.
   */
  prepare(resolution: Resolution): Resolution {
    return this.#overflow.prepare(this.#shards[0], resolution);
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  isInHandler(): boolean {
    return this.context.isHandling;
  }

  discard(): number {
    this.batchHandlers.end();
    const inLanes = this.feed?.discard() ?? [];
    const types = this.#shards.flatMap((shard) => shard.discard()).concat(inLanes);
    dropClosed(this.core, types);
    this.core.ledger.settle();
    return types.length;
  }

  /** The `enqueue` of the bus. */
  async enqueue(event: BusEvent, options: EnqueueOptions = {}): Promise<void> {
    check("enqueue an event", "event", event, OBJECT);
    checkOptions("enqueue an event", options, ENQUEUE_RULES);
    options.signal?.throwIfAborted();
    const resolution = this.core.registry.resolve(event.type, "enqueue");
    const full = this.offer(resolution, event);
    if (full !== undefined) await full.waiters.wait(event, options, this.#settings.capacity);
  }

  /** The `flush` of the bus. */
  async flush(options: FlushOptions = {}): Promise<void> {
    checkOptions("flush the bus", options, { signal: SIGNAL });
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.core.state === "closed") throw new BusClosedError("flush the bus");
    if (this.feed) await this.feed.pull(signal);
    const busy = this.#shards.filter((shard) => shard.isBusy);
    if (busy.length > 0) await flushShards(busy, signal);
  }

  /** Lets all batches in collection leave, as the bus takes nothing new. */
  hurry(): void {
    for (const shard of this.#shards) if (shard.isBusy) shard.seal();
  }

  /** The `batchStats` of the bus; `remote` is what its threads have counted. */
  batchStats(remote?: { readonly batches: number; readonly batched: number }): BatchStats {
    // Brings it up to date.
    void this.core.ledger.depth;
    let { batches = 0, batched: processed = 0 } = remote ?? {};
    for (const shard of this.#shards) {
      batches += shard.batches;
      processed += shard.processed;
    }
    return { batches, processed, meanBatch: batches === 0 ? 0 : processed / batches };
  }

  #shardOf(type: string, event: BusEvent): FlowShard {
    const shards = this.#shards;
    if (shards.length === 1) return shards[0];
    const key = keyOf(event);
    if (typeof key === "string") return shards[fnv1a(key) % shards.length];
    if (this.#spread.size > 0 && this.#spread.has(type)) return this.#nextShard();
    return this.#byType.get(type) ?? this.#addType(type);
  }

  /** Remembers the shard of a type, as hashing it takes longer than all else. */
  #addType(type: string): FlowShard {
    if (this.#byType.size >= MAX_TYPES) this.#byType.clear();
    const shard = this.#shards[fnv1a(type) % this.#shards.length];
    this.#byType.set(type, shard);
    return shard;
  }

  /** The next shard in turn, if possible one that has room. */
  #nextShard(): FlowShard {
    const shards = this.#shards;
    for (let tries = 0; tries < shards.length; tries++) {
      const shard = shards[this.#turn++ % shards.length];
      if (!shard.isFull) return shard;
    }
    return shards[this.#turn++ % shards.length];
  }
}
