import { fields } from "../message/codec.ts";
import type { ConsumePlan, FailedAttempt } from "./consume_options.ts";
import { failureNow, FirstFailures } from "./first_failures.ts";
import type { Holdings } from "./holdings.ts";
import type { LetterPost } from "./letter_post.ts";
import type { Lane } from "./port.ts";
import type { Slot } from "./slot.ts";
import { after } from "./timer.ts";
import { judge, type Verdict } from "./verdict.ts";

/** Why an attempt failed; `undefined` stands for one that did not. */
export type Outcome = { readonly error: unknown } | undefined;

/** What attempts need of the handling and the consumption around them. */
export interface AttemptHooks {
  /** Who waits out a delay: the slot, or the broker. */
  holdsDelays(): boolean;
  /** Whether nothing of a lane may begin or wait here any more: it is given back. */
  isEnding(lane: Lane): boolean;
  /** A message was handled. */
  handled(failed: boolean): void;
  /** It is the turn of a slot that has waited. */
  again(slot: Slot): void;
  /** A slot is gone: the next of its key may run. */
  advance(slot: Slot): void;
  /** A place is free. */
  progress(): void;
}

const NO_RETRY = { maxRetries: 0, next: () => undefined };

/** The attempts of a slot: opens each with a message of its own, and decides what follows. */
export class Attempts {
  /** Dead letters that are not confirmed, nor given up. */
  burying = 0;
  /** Whether a decision is being taken for a handler that has ended: who ended it goes on from there. */
  settling = false;
  readonly #plan: ConsumePlan;
  readonly #holdings: Holdings;
  readonly #letters: LetterPost | undefined;
  readonly #hooks: AttemptHooks;
  readonly #firstFailures = new FirstFailures();

  constructor(
    plan: ConsumePlan,
    holdings: Holdings,
    letters: LetterPost | undefined,
    hooks: AttemptHooks,
  ) {
    this.#plan = plan;
    this.#holdings = holdings;
    this.#letters = letters;
    this.#hooks = hooks;
  }

  /** Makes the message of the next attempt. */
  open(slot: Slot): void {
    const { codec, keyOf } = this.#plan;
    const { rec, count } = slot.delivery;
    slot.unreadable = undefined;
    if (slot.retries === 0 && count > 1) slot.firstFailure = this.#firstFailures.take(rec.id);
    try {
      slot.begin(codec.decode(rec, this.#plan));
      // A slot keeps its place among those of its key, whatever is said of it later.
      if (keyOf !== undefined && slot.retries === 0) slot.key = keyOf(slot.message);
    } catch (error) {
      // Foreign headers are made safe: a dead letter with bad ones would be refused for ever.
      slot.begin(fields.decode(rec, this.#plan));
      if (keyOf !== undefined && slot.retries === 0) slot.key = rec.key;
      slot.unreadable = { error };
    }
  }

  /** Why the handler must not be called: unreadable, or delivered more often than is allowed. */
  refusalOf(slot: Slot): Outcome {
    if (slot.unreadable !== undefined) return slot.unreadable;
    const { onExhausted, retry } = this.#plan;
    const allowed = retry.maxRetries + (slot.spared ? 2 : 1);
    if (onExhausted === "redeliver" || slot.attempt <= allowed) return undefined;
    return {
      error: new Error(
        `Attempt ${slot.attempt} is beyond the ${allowed} that are allowed: ` +
          "before it a process ended, or lost its lease, without an answer",
      ),
    };
  }

  /** Settles what the handler left open; returns what is to be done if the attempt failed. */
  settle(slot: Slot, outcome: Outcome): Verdict | undefined {
    if (slot.isLost) {
      this.lose(slot);
      return undefined;
    }
    if (slot.decision === undefined) {
      this.settling = true;
      if (outcome === undefined) slot.message.ack();
      else slot.message.nack({ reason: outcome.error });
      this.settling = false;
    }
    const { decision } = slot;
    const isNacked = decision?.kind === "nacked";
    if (isNacked && slot.stopped) {
      // It failed because it had to stop: that is no reason to give the message up.
      this.giveBack(slot);
      return undefined;
    }
    const isLate = !isNacked && outcome !== undefined && !slot.stopped;
    this.#hooks.handled(isNacked || isLate);
    if (isNacked) return this.#judge(slot, decision.reason ?? outcome?.error, decision.delay);
    if (isLate) this.#failed(slot, outcome.error, { kind: "acked" });
    this.#remove(slot);
    return undefined;
  }

  /** Does what was decided; resolves when the slot is gone or waits for its next attempt. */
  conclude(slot: Slot, verdict: Verdict): void | Promise<void> {
    if (slot.isGone) return;
    slot.phase = "waiting";
    if (verdict.kind === "dead-letter") return this.#bury(slot);
    if (verdict.kind === "discard") {
      this.#holdings.counters.discarded++;
      this.#ack(slot);
    } else if (!this.#hooks.holdsDelays()) this.#requeue(slot, verdict.delay);
    else if (this.#hooks.isEnding(slot.delivery.lane)) this.giveBack(slot);
    else {
      slot.cancel = after(verdict.delay, () => {
        slot.cancel = undefined;
        this.reopen(slot);
        this.#hooks.again(slot);
      });
    }
  }

  /** Makes the message of another attempt. */
  reopen(slot: Slot): void {
    slot.retries++;
    this.#holdings.counters.retried++;
    this.open(slot);
  }

  /** Has the broker deliver it again, without counting what happened here. */
  giveBack(slot: Slot): void {
    if (slot.isGone) return;
    if (slot.isLost) return this.lose(slot);
    this.#holdings.giveBack(slot.delivery);
    this.#remove(slot);
  }

  /** It is somebody else's. */
  lose(slot: Slot): void {
    if (slot.isGone) return;
    if (!slot.settled) this.#holdings.counters.lost++;
    this.#remove(slot);
  }

  #judge(slot: Slot, error: unknown, delay: number | undefined): Verdict {
    const { retry, onExhausted } = this.#plan;
    slot.firstFailure ??= failureNow();
    slot.error = error;
    const elapsed = performance.now() - slot.firstFailure.at;
    // What cannot be read, or came too often, gets no further attempt.
    const budget = this.refusalOf(slot) === undefined ? retry : { ...retry, ...NO_RETRY };
    const verdict = judge({ attempt: slot.attempt, error, elapsed, delay }, budget, onExhausted);
    this.#failed(slot, error, verdict);
    return verdict;
  }

  #failed({ message, attempt }: Slot, error: unknown, verdict: FailedAttempt["verdict"]): void {
    this.#holdings.counters.failed++;
    this.#plan.hooks.onFailure({ message, error, attempt, verdict });
  }

  #requeue(slot: Slot, delay: number): void {
    this.#holdings.counters.requeued++;
    this.#firstFailures.keep(slot.delivery.rec.id, slot.firstFailure!);
    this.#holdings.requeue({ delivery: slot.delivery, delay, unstarted: false });
    this.#remove(slot);
  }

  async #bury(slot: Slot): Promise<void> {
    const { lane } = slot.delivery;
    this.burying++;
    const posted = await this.#letters!.post(slot, slot.error, () => !this.#hooks.isEnding(lane));
    this.burying--;
    if (posted === "abandoned" || slot.isLost) this.giveBack(slot);
    else if (!slot.isGone) {
      this.#holdings.counters.deadLettered++;
      this.#holdings.ack(slot, posted === "published");
      this.#remove(slot);
    }
    this.#hooks.progress();
  }

  #ack(slot: Slot): void {
    this.#holdings.ack(slot);
    this.#remove(slot);
    this.#hooks.progress();
  }

  #remove(slot: Slot): void {
    this.#holdings.remove(slot);
    this.#hooks.advance(slot);
  }
}
