import { checkOptions, DURATION, integer, type Rule, type Rules } from "../options/options.ts";
import { OutcomeWindow } from "./outcome_window.ts";
import { after } from "./timer.ts";

/** When a consumer stops taking messages because too many fail. */
export interface PauseOptions {
  /** Share of failed messages, above 0 and at most 1. */
  failureRate: number;
  /** Messages that must have been handled within the window before the share counts. */
  minimum: number;
  /** Milliseconds that are looked at. */
  window: number;
  /** Milliseconds until it tries again. */
  resumeAfter: number;
}

const SHARE: Rule = [
  "above 0 and at most 1",
  "number",
  (value: number) => value > 0 && value <= 1,
];

const RULES: Rules = {
  failureRate: SHARE,
  minimum: integer(1),
  window: integer(1),
  resumeAfter: DURATION,
};

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function checkPauseOptions(action: string, options: PauseOptions): void {
  checkOptions(action, options, RULES);
  for (const name of Object.keys(RULES)) {
    if (options[name as keyof PauseOptions] === undefined) {
      throw new TypeError(`Cannot ${action} as '${name}' of 'pauseOn' must be given`);
    }
  }
}

/** Counts outcomes in a window, and trips when too many of them are failures. */
export class KillSwitch {
  /** Whether it has tripped and waits. */
  tripped = false;
  readonly #options: PauseOptions;
  readonly #changed: (tripped: boolean) => void;
  readonly #outcomes: OutcomeWindow;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(options: PauseOptions, changed: (tripped: boolean) => void) {
    this.#options = options;
    this.#changed = changed;
    this.#outcomes = new OutcomeWindow(options.window);
  }

  /** Counts a message that was handled. */
  count(failed: boolean): void {
    if (this.tripped || this.#stopped) return;
    const now = performance.now();
    this.#outcomes.add(now, failed);
    if (!failed) return;
    const { calls, failures } = this.#outcomes.totals(now);
    const { minimum, failureRate } = this.#options;
    if (calls >= minimum && failures / calls >= failureRate) this.#trip();
  }

  /** Ends its wait without a word, and never trips again. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #trip(): void {
    this.tripped = true;
    this.#outcomes.clear();
    this.#cancel = after(this.#options.resumeAfter, () => {
      this.tripped = false;
      this.#changed(false);
    });
    this.#changed(true);
  }
}
