import { isThenable } from "../options/thenable.ts";
import type { Attempts, Outcome } from "./attempts.ts";
import { Collector } from "./collector.ts";
import type { ConsumePlan } from "./consume_options.ts";
import type { Lane } from "./port.ts";
import type { Procedure } from "./procedure.ts";
import type { Slot } from "./slot.ts";
import { after } from "./timer.ts";
import type { Verdict } from "./verdict.ts";

/** Slots that go to the handler together. */
export class Batch {
  readonly slots: readonly Slot[];
  readonly collector: Collector;

  constructor(slots: readonly Slot[], collector: Collector) {
    this.slots = slots;
    this.collector = collector;
  }

  /** Whether nothing of it is left to be handled. */
  get isGone(): boolean {
    return this.slots.every((slot) => slot.isGone);
  }
}

/** What batches need of the handling around them. */
export interface BatchHooks extends Procedure {
  /** A batch waits for a worker. */
  push(batch: Batch): void;
  /** A worker is free again. */
  ended(): void;
  /** Whether a slot may begin; what may not is given back. */
  mayBegin(slot: Slot): boolean;
  /** Whether the delays of a lane are waited out here. */
  waitsHere(lane: Lane): boolean;
}

/** Slots of a batch that wait for another call, and the keys that nothing may pass because of them. */
interface Held {
  readonly slots: Slot[];
  readonly keys: Set<string>;
}

/**
 * Collects slots into batches and runs those. Where keys keep their order there is a collector per
 * lane, which lets the next batch out when nothing of the one before it is left.
 */
export class Batching {
  readonly #plan: ConsumePlan;
  readonly #attempts: Attempts;
  readonly #hooks: BatchHooks;
  readonly #ordered: boolean;
  readonly #collectors = new Map<Lane | undefined, Collector>();
  #flushes = false;

  constructor(plan: ConsumePlan, attempts: Attempts, hooks: BatchHooks) {
    this.#plan = plan;
    this.#attempts = attempts;
    this.#hooks = hooks;
    this.#ordered = plan.keyOf !== undefined;
  }

  /** Has a slot wait for others. */
  add(slot: Slot): void {
    const collector = this.#collectorOf(slot.delivery.lane);
    collector.add(slot);
    if (this.#flushes) collector.flush();
  }

  /** Nothing waits for others any more: they will not come. */
  flush(): void {
    this.#flushes = true;
    for (const collector of this.#collectors.values()) collector.flush();
  }

  /** Forgets what is gone. */
  sweep(): void {
    for (const collector of this.#collectors.values()) collector.remove((slot) => slot.isGone);
  }

  /** Forgets a lane that is somebody else's. */
  forget(lane: Lane): void {
    this.#collectors.delete(lane);
  }

  /** Forgets all lanes. */
  detach(): void {
    this.#collectors.clear();
  }

  /** Runs a batch, and decides what becomes of each of its slots. */
  async start(batch: Batch): Promise<void> {
    this.#wait(await this.#run(batch.slots), batch.collector);
    this.#hooks.ended();
  }

  #collectorOf(lane: Lane): Collector {
    const owner = this.#ordered ? lane : undefined;
    let collector = this.#collectors.get(owner);
    if (collector === undefined) {
      collector = new Collector(this.#plan.batch!, this.#ordered, (slots) => {
        this.#hooks.push(new Batch(slots, collector!));
      });
      this.#collectors.set(owner, collector);
    }
    return collector;
  }

  /** Resolves with the slots that wait for another call together, in their order. */
  async #run(slots: readonly Slot[]): Promise<readonly Slot[]> {
    const live = slots.filter((slot) => this.#hooks.mayBegin(slot));
    const called = this.#callable(live);
    const outcome = await this.#call(called);
    const verdicts = new Map<Slot, Verdict>();
    // A batch fails with what it left open; if that is nothing, its failure is told with the last one.
    const blamed = called.findLast(isOpen) ?? called.at(-1);
    for (const slot of called) {
      const isBlamed = slot === blamed || isOpen(slot);
      const verdict = this.#attempts.settle(slot, isBlamed ? outcome : undefined);
      if (verdict === undefined) continue;
      verdicts.set(slot, verdict);
      // No handler has it: until it is decided on it may be given back.
      slot.phase = "queued";
    }
    const held: Held = { slots: [], keys: new Set() };
    if (called.length === live.length && verdicts.size === 0) return held.slots;
    const mayBeInnocent = outcome !== undefined && called.length > 1;
    for (const slot of live) {
      if (!slot.isGone) await this.#decide(slot, verdicts.get(slot), mayBeInnocent, held);
    }
    return held.slots;
  }

  /** What the handler may be called with: not what is refused, nor what would pass it. */
  #callable(slots: readonly Slot[]): readonly Slot[] {
    const keys = new Set<string>();
    const callable: Slot[] = [];
    for (const slot of slots) {
      if (this.#attempts.refusalOf(slot) !== undefined) this.#block(slot, keys);
      else if (!keys.has(slot.key)) {
        slot.phase = "running";
        callable.push(slot);
      }
    }
    return callable;
  }

  /** Decides on a slot that failed, or that was not called. */
  async #decide(
    slot: Slot,
    failed: Verdict | undefined,
    mayBeInnocent: boolean,
    held: Held,
  ): Promise<void> {
    if (held.keys.has(slot.key)) return this.#hold(slot, failed, held);
    const refusal = failed === undefined ? this.#attempts.refusalOf(slot) : undefined;
    if (failed === undefined && refusal === undefined) return this.#hold(slot, failed, held);
    let verdict = failed ?? this.#attempts.settle(slot, refusal);
    // Only what fails alone is to blame for the batch: the one call beyond the budget.
    if (failed !== undefined && failed.kind !== "retry" && mayBeInnocent) {
      verdict = await this.#tryAlone(slot);
    }
    if (verdict === undefined) return;
    if ("delay" in verdict && this.#hooks.waitsHere(slot.delivery.lane)) {
      return this.#hold(slot, verdict, held);
    }
    const concluded = this.#attempts.conclude(slot, verdict);
    if (this.#ordered) await concluded;
  }

  async #tryAlone(slot: Slot): Promise<Verdict | undefined> {
    if (!this.#hooks.mayBegin(slot)) return undefined;
    this.#attempts.reopen(slot);
    slot.phase = "running";
    return this.#attempts.settle(slot, slot.unreadable ?? await this.#call([slot]));
  }

  /** Has a slot wait for the next call; nothing of its key passes it. */
  #hold(slot: Slot, verdict: Verdict | undefined, held: Held): void {
    const isExhausted = verdict !== undefined && verdict.kind !== "retry";
    slot.spared ||= isExhausted;
    slot.delay = verdict !== undefined && "delay" in verdict ? verdict.delay : 0;
    held.slots.push(slot);
    this.#block(slot, held.keys);
  }

  #block(slot: Slot, keys: Set<string>): void {
    if (slot.key !== "") keys.add(slot.key);
  }

  /** Waits out the longest delay, in the place that the batch has among those of its lane. */
  #wait(slots: readonly Slot[], collector: Collector): void {
    const waiting = slots.filter((slot) => this.#mayWait(slot));
    if (waiting.length === 0) return collector.free();
    const delay = Math.max(...waiting.map((slot) => slot.delay));
    const cancel = after(delay, () => {
      for (const slot of waiting) slot.cancel = undefined;
      for (const slot of waiting) if (!slot.isGone) this.#reopen(slot);
      this.#hooks.push(new Batch(waiting, collector));
    });
    let left = waiting.length;
    for (const slot of waiting) {
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

  /** What may not wait any more is given back. */
  #mayWait(slot: Slot): boolean {
    if (slot.isGone) return false;
    if (!slot.isLost && this.#hooks.waitsHere(slot.delivery.lane)) return true;
    this.#attempts.giveBack(slot);
    return false;
  }

  /** A slot that had to wait for another one was not called: it keeps its attempt. */
  #reopen(slot: Slot): void {
    if (slot.decision !== undefined) this.#attempts.reopen(slot);
    slot.phase = "queued";
  }

  async #call(slots: readonly Slot[]): Promise<Outcome> {
    if (slots.length === 0) return undefined;
    try {
      const messages = slots.map((slot) => slot.message);
      let result = this.#hooks.call(messages);
      if (isThenable(result)) result = await result;
      const completed = this.#hooks.complete?.(result, messages);
      if (isThenable(completed)) await completed;
      return undefined;
    } catch (error) {
      return { error };
    }
  }
}

/** Whether its handler has not acked it. */
function isOpen({ decision }: Slot): boolean {
  return decision?.kind !== "acked";
}
