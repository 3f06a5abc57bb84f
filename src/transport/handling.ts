import type { Message } from "../message/message.ts";
import { promiseOf } from "../options/promise_of.ts";
import { type AttemptHooks, Attempts, type Outcome } from "./attempts.ts";
import { Batch, Batching } from "./batching.ts";
import type { ConsumePlan } from "./consume_options.ts";
import type { Holdings } from "./holdings.ts";
import { KeyChains } from "./key_chains.ts";
import type { LetterPost } from "./letter_post.ts";
import type { Delivery, Lane } from "./port.ts";
import type { Procedure } from "./procedure.ts";
import { Slot, type SlotHost } from "./slot.ts";
import { Workers } from "./workers.ts";

/** What handling needs of the consumption around it. */
export interface HandlingHooks extends Omit<AttemptHooks, "again" | "advance"> {
  /** Names the transport, for `Origin`. */
  readonly transport: string;
  /** Names the record of a delivery, for `Origin`. */
  offsetOf(delivery: Delivery): string;
}

/** From a delivery to the handler: keeps the order of keys, collects batches, finds a worker. */
export class Handling implements SlotHost {
  readonly attempts: Attempts;
  readonly workers: Workers<Slot | Batch>;
  readonly #plan: ConsumePlan;
  readonly #procedure: Procedure;
  readonly #holdings: Holdings;
  readonly #hooks: HandlingHooks;
  readonly #chains: KeyChains | undefined;
  readonly #batching: Batching | undefined;

  constructor(
    plan: ConsumePlan,
    procedure: Procedure,
    holdings: Holdings,
    letters: LetterPost | undefined,
    hooks: HandlingHooks,
  ) {
    this.#plan = plan;
    this.#procedure = procedure;
    this.#holdings = holdings;
    this.#hooks = hooks;
    // Batches that keep order have a lane's worth of it: one batch of a lane after the other.
    this.#chains = plan.keyOf !== undefined && !plan.batch ? new KeyChains() : undefined;
    this.attempts = new Attempts(plan, holdings, letters, {
      ...hooks,
      again: (slot) => this.#ready(slot),
      advance: (slot) => this.#advance(slot),
    });
    this.workers = new Workers(plan.workers, (job) => this.#begin(job));
    this.#batching = plan.batch && new Batching(plan, this.attempts, {
      ...procedure,
      push: (batch) => this.workers.push(batch),
      ended: () => this.#release(),
      mayBegin: (slot) => this.#mayBegin(slot),
      waitsHere: (lane) => hooks.holdsDelays() && !hooks.isEnding(lane),
    });
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
    if (this.#chains === undefined || this.#chains.join(slot)) this.#ready(slot);
  }

  decided(slot: Slot): void {
    if (slot.decision!.kind !== "acked") return;
    this.#holdings.ack(slot);
    if (!this.attempts.settling) this.#hooks.progress();
  }

  /** Nothing more comes: what is here is handled without waiting for it. */
  flush(): void {
    this.#batching?.flush();
  }

  /** Forgets what is gone while it waited for its batch or a worker. */
  sweep(): void {
    this.#batching?.sweep();
    for (const job of this.workers.sweep((job) => job.isGone)) {
      if (job instanceof Batch) job.collector.free();
    }
  }

  /** Forgets a lane that is somebody else's. */
  forget(lane: Lane): void {
    this.#batching?.forget(lane);
  }

  /** Forgets all lanes: those of the next source are others. */
  detach(): void {
    this.#batching?.detach();
  }

  #ready(slot: Slot): void {
    slot.phase = "queued";
    if (this.#batching === undefined) this.workers.push(slot);
    else this.#batching.add(slot);
  }

  #begin(job: Slot | Batch): void {
    if (job instanceof Slot) return this.#start(job);
    this.workers.running++;
    this.#batching!.start(job);
  }

  #start(slot: Slot): void {
    if (!this.#mayBegin(slot)) return;
    slot.phase = "running";
    this.workers.running++;
    const refusal = this.attempts.refusalOf(slot);
    if (refusal !== undefined) return this.#end(slot, refusal);
    const messages = [slot.message];
    let result: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      result = this.#procedure.call(messages);
      promise = promiseOf(result);
    } catch (error) {
      return this.#end(slot, { error });
    }
    if (promise === undefined) return this.#complete(slot, messages, result);
    promise.then(
      (value) => this.#complete(slot, messages, value),
      (error) => this.#end(slot, { error }),
    );
  }

  #complete(slot: Slot, messages: readonly Message[], result: unknown): void {
    const { complete } = this.#procedure;
    if (complete === undefined) return this.#end(slot, undefined);
    let completed: Promise<unknown> | undefined;
    try {
      completed = promiseOf(complete(result, messages));
    } catch (error) {
      return this.#end(slot, { error });
    }
    if (completed === undefined) return this.#end(slot, undefined);
    completed.then(() => this.#end(slot, undefined), (error) => this.#end(slot, { error }));
  }

  /** What may not begin goes back. */
  #mayBegin(slot: Slot): boolean {
    if (slot.isGone) return false;
    if (!slot.isLost && !this.#hooks.isEnding(slot.delivery.lane)) return true;
    this.attempts.giveBack(slot);
    return false;
  }

  #end(slot: Slot, outcome: Outcome): void {
    const verdict = this.attempts.settle(slot, outcome);
    if (verdict !== undefined) this.attempts.conclude(slot, verdict);
    this.#release();
  }

  /** A worker is free. */
  #release(): void {
    this.workers.running--;
    this.workers.pump();
    this.#hooks.progress();
  }

  /** The next of the key may run. */
  #advance(slot: Slot): void {
    const next = this.#chains?.leave(slot);
    if (next !== undefined) this.#ready(next);
  }
}
