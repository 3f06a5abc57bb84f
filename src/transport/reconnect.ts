import type { ReconnectOptions } from "../message/contracts.ts";
import { checkOptions, DURATION, type Rule, type Rules } from "../options/options.ts";

/** How a lost connection is made anew, checked. */
export interface Reconnect {
  readonly maxAttempts: number;
  /** Milliseconds that a delay is at most. */
  readonly maxDelay: number;
  /** Milliseconds to wait after attempt `n`, 1 first, drawn from 0 to its value. */
  delay(n: number): number;
}

const FACTOR: Rule = ["at least 1", "number", (value: number) => value >= 1];
const ATTEMPTS: Rule = [
  "an integer of at least 1, or Infinity",
  "number",
  (value: number) => value >= 1 && (value === Infinity || Number.isInteger(value)),
];

const RULES: Rules = {
  initialDelay: DURATION,
  maxDelay: DURATION,
  multiplier: FACTOR,
  maxAttempts: ATTEMPTS,
};

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function resolveReconnect(action: string, options: ReconnectOptions = {}): Reconnect {
  checkOptions(action, options, RULES);
  const { initialDelay = 100, maxDelay = 5_000, multiplier = 2, maxAttempts = Infinity } = options;
  return {
    maxAttempts,
    maxDelay,
    delay: (n) => Math.random() * Math.min(initialDelay * multiplier ** (n - 1), maxDelay),
  };
}
