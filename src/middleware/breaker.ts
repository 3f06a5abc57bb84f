import { DURATION, FUNCTION, integer, type Rules } from "../options/options.ts";
import { OutcomeWindow } from "../transport/outcome_window.ts";

/** `"closed"`: calls go through. `"open"`: none does. `"half-open"`: some try whether it works again. */
export type CircuitState = "closed" | "open" | "half-open";

/** A change of a breaker's state. */
export interface CircuitChange {
  /** What it was. */
  readonly from: CircuitState;
  /** What it is now. */
  readonly to: CircuitState;
}

/** The numbers that a breaker goes by. */
export interface BreakerLimits {
  /** Milliseconds back that calls are counted. */
  readonly window: number;
  /** The share of calls that fail, from above 0 to 1, that opens it. */
  readonly failureRate: number;
  /** Calls within the window without which nothing is judged. */
  readonly minimum: number;
  /** Milliseconds that it stays open, and after which one that tries and does not end makes room for another. */
  readonly cooldown: number;
  /** How many calls may try at a time; as many successes close it, one failure opens it again. */
  readonly halfOpen: number;
}

/** The rules of options by which a breaker is made. */
export const BREAKER_RULES: Rules = {
  window: ["above 0 ms and finite", "number", (ms: number) => ms > 0 && ms < Infinity],
  failureRate: ["above 0 and at most 1", "number", (rate: number) => rate > 0 && rate <= 1],
  minimum: integer(1),
  cooldown: DURATION,
  halfOpen: integer(1),
  onStateChange: FUNCTION,
};

/** While others try, who is refused comes again after this share of the cooldown. */
const TRIAL_SHARE = 10;

/** A call that was let through. */
export interface Permit {
  /** The period of the breaker in which the call began. */
  readonly era: number;
  /** When the call began. */
  readonly at: number;
}

/**
 * The states of a circuit breaker and what leads from one to the next, for what is no handler. It has no
 * timer and no clock: `now` are the milliseconds of one that is never set back.
 *
 * @example Three failures, and a wait
 * ```ts
 * import { Breaker } from "@beat/beat/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const limits = { window: 1_000, failureRate: 0.5, minimum: 3, cooldown: 5_000, halfOpen: 1 };
 * const breaker = new Breaker(limits, () => {});
 * for (let now = 0; now < 3; now++) {
 *   const permit = breaker.ask(now);
 *   if (typeof permit !== "number") breaker.report(permit, true, now);
 * }
 * assertEquals(breaker.ask(1_002), 4_000);
 * ```
 */
export class Breaker {
  readonly #limits: BreakerLimits;
  readonly #onChange: (change: CircuitChange) => void;
  readonly #outcomes: OutcomeWindow;
  #state: CircuitState = "closed";
  /** Grows with each change: how a call ends that began before says nothing about now. */
  #era = 0;
  #openedAt = 0;
  readonly #trying = new Set<Permit>();
  #succeeded = 0;

  /** Creates a breaker that is closed; `onChange` is called in the middle of `ask` and `report`. */
  constructor(limits: BreakerLimits, onChange: (change: CircuitChange) => void) {
    this.#limits = limits;
    this.#onChange = onChange;
    this.#outcomes = new OutcomeWindow(limits.window);
  }

  /**
   * A permit for one call, or the milliseconds until there may be one; while others try, when it makes
   * sense to ask again: after a tenth of the cooldown.
   */
  ask(now: number): Permit | number {
    if (this.#state === "open") {
      const remaining = this.#openedAt + this.#limits.cooldown - now;
      if (remaining > 0) return remaining;
      this.#change("half-open");
    }
    const permit = { era: this.#era, at: now };
    if (this.#state === "half-open") {
      this.#giveUpHanging(now);
      // As many as must succeed are enough: more would only burden what may still be broken.
      if (this.#trying.size + this.#succeeded >= this.#limits.halfOpen) {
        return Math.max(this.#limits.cooldown / TRIAL_SHARE, 1);
      }
      this.#trying.add(permit);
    }
    return permit;
  }

  /** Hears how a call ended; `undefined`: in a way that does not count. */
  report(permit: Permit, failed: boolean | undefined, now: number): void {
    if (permit.era !== this.#era) return;
    if (this.#state === "half-open") this.#judgeTrial(permit, failed, now);
    else if (failed !== undefined) this.#judgeCall(failed, now);
  }

  /** A call that may never end must not keep others from trying; how it ends counts all the same. */
  #giveUpHanging(now: number): void {
    for (const permit of this.#trying) {
      if (now - permit.at >= this.#limits.cooldown) this.#trying.delete(permit);
    }
  }

  #judgeTrial(permit: Permit, failed: boolean | undefined, now: number): void {
    this.#trying.delete(permit);
    if (failed === undefined) return;
    if (failed) this.#open(now);
    else if (++this.#succeeded >= this.#limits.halfOpen) this.#change("closed");
  }

  #judgeCall(failed: boolean, now: number): void {
    this.#outcomes.add(now, failed);
    if (!failed) return;
    const { calls, failures } = this.#outcomes.totals(now);
    const { minimum, failureRate } = this.#limits;
    if (calls >= minimum && failures / calls >= failureRate) this.#open(now);
  }

  #open(now: number): void {
    this.#openedAt = now;
    this.#change("open");
  }

  #change(to: CircuitState): void {
    const from = this.#state;
    this.#state = to;
    this.#era++;
    this.#trying.clear();
    this.#succeeded = 0;
    this.#outcomes.clear();
    this.#onChange({ from, to });
  }
}
