import type { Message } from "../message/message.ts";
import { isThenable } from "../options/thenable.ts";
import { type AttemptHooks, Attempts, type Outcome } from "./attempts.ts";
import { Collector } from "./collector.ts";
import type { ConsumePlan } from "./consume_options.ts";
import type { Holdings } from "./holdings.ts";
import { KeyChains } from "./key_chains.ts";
import type { LetterPost } from "./letter_post.ts";
import type { Delivery, Lane } from "./port.ts";
import { Slot, type SlotHost } from "./slot.ts";
import { after } from "./timer.ts";
import { Workers } from "./workers.ts";

/** What handles messages: it returns or resolves when it is done, and throws or rejects when it failed. */
export type Consumer = (messages: readonly Message[]) => unknown;

/** What handling needs of the consumption around it. */
export interface HandlingHooks extends Omit<AttemptHooks, "again" | "advance"> {
  /** Names the transport, for `Origin`. */
  readonly transport: string;
  /** Names the record of a delivery, for `Origin`. */
  offsetOf(delivery: Delivery): string;
  /** Whether nothing of a lane may begin any more: it is being given away, or all is at its end. */
  isEnding(lane: Lane): boolean;
}

/** Slots that go to the handler together. */
class Batch {
  readonly slots: readonly Slot[];
  readonly collector: Collector;

  constructor(slots: readonly Slot[], collector: Collector) {
    this.slots = slots;
    this.collector = collector;
  }
}

/** From a delivery to the handler: keeps the order of keys, collects batches, finds a worker. */
export class Handling implements SlotHost {
  readonly attempts: Attempts;
  readonly workers: Workers<Slot | Batch>;
  readonly #plan: ConsumePlan;
  readonly #consumer: Consumer;
  readonly #holdings: Holdings;
  readonly #hooks: HandlingHooks;
  readonly #chains: KeyChains | undefined;
  readonly #collectors = new Map<Lane | undefined, Collector>();

  constructor(
    plan: ConsumePlan,
    consumer: Consumer,
    holdings: Holdings,
    letters: LetterPost | undefined,
    hooks: HandlingHooks,
  ) {
    this.#plan = plan;
    this.#consumer = consumer;
    this.#holdings = holdings;
    this.#hooks = hooks;
    // Batches that keep order have a lane's worth of it: one batch of a lane after the other.
    this.#chains = plan.keyOf !== undefined && !plan.batch ? new KeyChains() : undefined;
    this.attempts = new Attempts(plan, holdings, letters, {
      ...hooks,
      again: (slot) => this.#ready(slot),
      advance: (slot) => this.#advance(slot),
    });
    this.workers = new Workers(
      plan.workers,
      (job) => job instanceof Slot ? this.#start(job) : void this.#startBatch(job),
    );
  }

  get transport(): string {
    return this.#hooks.transport;
  }

  get topic(): string {
    return this.#plan.topic;
  }

  get group(): string | undefined {
    return this.#plan.group;
  }

  offsetOf(delivery: Delivery): string {
    return this.#hooks.offsetOf(delivery);
  }

  /** Takes a delivery: its handler runs at best before this returns. */
  take(delivery: Delivery): void {
    const slot = new Slot(delivery, this);
    this.#holdings.add(slot);
    this.attempts.open(slot);
    slot.leads = this.#chains === undefined || this.#chains.join(slot);
    if (slot.leads) this.#ready(slot);
  }

  decided(slot: Slot): void {
    if (slot.decision!.kind !== "acked") return;
    this.#holdings.ack(slot);
    this.#hooks.progress();
  }

  /** Forgets what is gone in batches that are being collected. */
  sweep(): void {
    for (const collector of this.#collectors.values()) collector.remove((slot) => slot.isGone);
  }

  #ready(slot: Slot): void {
    slot.phase = "queued";
    if (this.#plan.batch === undefined) this.workers.push(slot);
    else this.#collectorOf(slot.delivery.lane).add(slot);
  }

  #collectorOf(lane: Lane): Collector {
    const isOrdered = this.#plan.keyOf !== undefined;
    const owner = isOrdered ? lane : undefined;
    let collector = this.#collectors.get(owner);
    if (collector === undefined) {
      collector = new Collector(this.#plan.batch!, isOrdered, (slots) => {
        this.workers.push(new Batch(slots, collector!));
      });
      this.#collectors.set(owner, collector);
    }
    return collector;
  }

  #start(slot: Slot): void {
    if (!this.#mayBegin(slot)) return;
    slot.phase = "running";
    this.workers.running++;
    const refusal = this.attempts.refusalOf(slot);
    if (refusal !== undefined) return this.#end(slot, refusal);
    let result: unknown;
    try {
      result = this.#consumer([slot.message]);
    } catch (error) {
      return this.#end(slot, { error });
    }
    if (!isThenable(result)) return this.#end(slot, undefined);
    result.then(() => this.#end(slot, undefined), (error) => this.#end(slot, { error }));
  }

  /** What may not begin goes back. */
  #mayBegin(slot: Slot): boolean {
    if (slot.isGone) return false;
    if (!slot.isLost && !this.#hooks.isEnding(slot.delivery.lane)) return true;
    this.attempts.giveBack(slot);
    return false;
  }

  #end(slot: Slot, outcome: Outcome): void {
    this.workers.running--;
    const verdict = this.attempts.settle(slot, outcome);
    if (verdict !== undefined) this.attempts.conclude(slot, verdict);
    this.workers.pump();
    this.#hooks.progress();
  }

  async #startBatch({ slots, collector }: Batch): Promise<void> {
    this.workers.running++;
    const again = await this.#runBatch(slots.filter((slot) => this.#mayBegin(slot)));
    this.workers.running--;
    if (again.length === 0) collector.free();
    else this.#repeat(again, collector);
    this.workers.pump();
    this.#hooks.progress();
  }

  /** Runs a batch; resolves with the slots that are to be tried together again. */
  async #runBatch(slots: readonly Slot[]): Promise<Slot[]> {
    for (const slot of slots) slot.phase = "running";
    const unfit = slots.filter((slot) => this.attempts.refusalOf(slot) !== undefined);
    const fit = slots.filter((slot) => this.attempts.refusalOf(slot) === undefined);
    for (const slot of unfit) await this.#finish(slot, this.attempts.refusalOf(slot));
    const outcome = await this.#call(fit);
    const again: Slot[] = [];
    const alone: Slot[] = [];
    for (const slot of fit) {
      const verdict = this.attempts.settle(slot, outcome);
      if (verdict === undefined) continue;
      const isExhausted = verdict.kind !== "retry";
      if (isExhausted && outcome !== undefined && fit.length > 1) alone.push(slot);
      else if ("delay" in verdict && this.#mustRepeatHere()) {
        again.push(delayed(slot, verdict.delay));
      } else await this.attempts.conclude(slot, verdict);
    }
    for (const slot of alone) {
      const verdict = await this.#tryAlone(slot);
      if (verdict === undefined) continue;
      if ("delay" in verdict && this.#mustRepeatHere()) again.push(delayed(slot, verdict.delay));
      else await this.attempts.conclude(slot, verdict);
    }
    return again;
  }

  /** Only what fails alone is to blame for the batch: the one call beyond the budget. */
  async #tryAlone(slot: Slot): Promise<ReturnType<Attempts["settle"]>> {
    if (!this.#mayBegin(slot)) return undefined;
    slot.retries++;
    this.attempts.open(slot);
    slot.phase = "running";
    return this.attempts.settle(slot, await this.#call([slot]));
  }

  /** Whether a delay is waited out here, in the place that the batch has among those of its lane. */
  #mustRepeatHere(): boolean {
    return this.#hooks.holdsDelays() && !this.#hooks.isClosing();
  }

  #repeat(slots: readonly Slot[], collector: Collector): void {
    const delay = Math.max(...slots.map((slot) => slot.delay));
    let left = slots.length;
    const cancel = after(delay, () => {
      for (const slot of slots) slot.cancel = undefined;
      for (const slot of slots) if (!slot.isGone) this.attempts.reopen(slot);
      this.workers.push(new Batch(slots, collector));
    });
    for (const slot of slots) {
      slot.phase = "waiting";
      // Taken away while it waits; when the last one is, nothing is left to wait for.
      slot.cancel = () => {
        slot.cancel = undefined;
        if (--left > 0) return;
        cancel();
        collector.free();
      };
    }
  }

  async #finish(slot: Slot, outcome: Outcome): Promise<void> {
    const verdict = this.attempts.settle(slot, outcome);
    if (verdict !== undefined) await this.attempts.conclude(slot, verdict);
  }

  async #call(slots: readonly Slot[]): Promise<Outcome> {
    if (slots.length === 0) return undefined;
    try {
      const result = this.#consumer(slots.map((slot) => slot.message));
      if (isThenable(result)) await result;
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** The next of the key may run. */
  #advance(slot: Slot): void {
    if (this.#chains === undefined || !slot.leads) return;
    let next = this.#chains.leave(slot);
    while (next?.isGone) next = this.#chains.leave(next);
    if (next === undefined) return;
    next.leads = true;
    this.#ready(next);
  }
}

function delayed(slot: Slot, delay: number): Slot {
  slot.delay = delay;
  return slot;
}
