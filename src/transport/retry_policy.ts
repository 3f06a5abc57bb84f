import {
  ANYTHING,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integer,
  type Rule,
  type Rules,
} from "../options/options.ts";
import { print } from "../options/print.ts";
import { refuse } from "../options/refusal.ts";
import { retryAfterOf } from "./retry_after.ts";

/** What a failure has to say about whether and when it is tried again. */
export interface RetryConditions {
  /** Whether a failure is worth a repeat. @default {each is} */
  shouldRetry?: (error: unknown) => boolean;
  /**
   * Milliseconds that an error may ask to wait for at most. It asks by a number `retryAfter`, its own or
   * that of what caused it. Where that is longer than the delay, both are waited for, so that many do
   * not come back at once. @default {60_000}
   */
  maxRetryAfter?: number;
}

/** How often, and after which delays, something that failed is tried again. */
export interface BackoffPolicy extends RetryConditions {
  /** Repeats after the first attempt. @default {3} */
  maxRetries?: number;
  /** How the delay grows. @default {"exponential"} */
  strategy?: "fixed" | "linear" | "exponential";
  /** What an exponential delay grows by. @default {2} */
  multiplier?: number;
  /** Milliseconds before the first repeat. @default {100} */
  initialDelay?: number;
  /** Milliseconds that a delay grows to. @default {5_000} */
  maxDelay?: number;
  /** `"full"` draws the delay from 0 to its value, so that many do not come back at once. @default {"full"} */
  jitter?: "full" | "none";
  /** Milliseconds after the first failure within which a repeat may begin. @default {Infinity} */
  maxElapsed?: number;
}

/** The delays before each repeat, in milliseconds; their number is the number of repeats. */
export interface DelayList extends RetryConditions {
  /** Milliseconds, one before each repeat. */
  delays: readonly number[];
  /**
   * The part of a delay, from 0 to 1, by which it gets longer at most: it is drawn each time, so that many
   * do not come back at once. @default {0}
   */
  jitter?: number;
}

/** A number of repeats with the default back-off, or how to repeat. */
export type RetryPolicy = number | BackoffPolicy | DelayList;

/** A policy that was checked: what it answers to a failure. */
export interface Retry {
  /** Repeats after the first attempt. */
  readonly maxRetries: number;
  /** Milliseconds that an error may ask to wait for at most. */
  readonly maxRetryAfter: number;
  /**
   * Milliseconds before repeat `n` (1 is the first), or `undefined` if there is none. `elapsed` are the
   * milliseconds since the first failure.
   */
  next(n: number, error: unknown, elapsed: number): number | undefined;
}

const DEFAULT_RETRY_AFTER = 60_000;

const FACTOR: Rule = ["at least 1", "number", (value: number) => value >= 1];

/** The rules of what decides how long a delay is. */
export const DELAY_RULES: Rules = {
  strategy: choice("fixed", "linear", "exponential"),
  multiplier: FACTOR,
  initialDelay: DURATION,
  maxDelay: DURATION,
  jitter: choice("full", "none"),
};

const CONDITION_RULES: Rules = { shouldRetry: FUNCTION, maxRetryAfter: DURATION };

const RULES: Rules = {
  ...DELAY_RULES,
  ...CONDITION_RULES,
  maxRetries: integer(0),
  maxElapsed: DURATION,
};

const LIST_RULES: Rules = {
  ...CONDITION_RULES,
  delays: ["an array of finite milliseconds of at least 0", "object", isDelays],
  jitter: ["from 0 to 1", "number", (part: number) => part >= 0 && part <= 1],
};

/** What a policy is read with. */
export interface RetryTerms {
  /** Gives numbers from 0 to 1. @default {Math.random} */
  readonly random?: () => number;
  /** The rules of what may stand beside the policy. @default {nothing may} */
  readonly hooks?: Rules;
}

/**
 * Checks a policy.
 *
 * @throws {TypeError | RangeError} Naming the field, its value and its rule.
 */
export function resolveRetry(
  action: string,
  policy: RetryPolicy,
  terms: RetryTerms = {},
): Retry {
  const { random = Math.random, hooks } = terms;
  if (typeof policy === "number") return resolveRetry(action, { maxRetries: policy }, terms);
  if (typeof policy !== "object" || policy === null) {
    refuse(action, "retry", "a number of repeats or a policy", policy);
  }
  if (isList(policy)) {
    refuseBackoff(action, policy);
    checkOptions(action, policy, { ...LIST_RULES, ...hooks });
    return listed(policy, random);
  }
  checkOptions(action, policy, { ...RULES, delays: ANYTHING, ...hooks });
  const { maxRetries = 3, maxElapsed = Infinity, jitter = "full", shouldRetry } = policy;
  const { maxRetryAfter = DEFAULT_RETRY_AFTER } = policy;
  const delay = delayOf(policy);
  return {
    maxRetries,
    maxRetryAfter,
    next(n, error, elapsed) {
      if (n > maxRetries || !isWorthIt(error, shouldRetry)) return undefined;
      const wait = heed(error, jitter === "full" ? random() * delay(n) : delay(n), maxRetryAfter);
      return elapsed + wait > maxElapsed ? undefined : wait;
    },
  };
}

/** A delay, and before it what the error asks for if that is longer. */
function heed(error: unknown, delay: number, maxRetryAfter: number): number {
  const asked = Math.min(retryAfterOf(error), maxRetryAfter);
  return asked > delay ? asked + delay : delay;
}

/** A predicate that throws decides nothing. */
function isWorthIt(error: unknown, shouldRetry: RetryConditions["shouldRetry"]): boolean {
  try {
    return shouldRetry?.(error) !== false;
  } catch (thrown) {
    print("A hook failed:", thrown);
    return true;
  }
}

/** The delay before repeat `n`, without jitter. */
function delayOf(
  { strategy = "exponential", multiplier = 2, initialDelay = 100, maxDelay = 5_000 }: BackoffPolicy,
): (n: number) => number {
  const grown: Record<typeof strategy, (n: number) => number> = {
    fixed: () => initialDelay,
    linear: (n) => initialDelay * n,
    // No delay stays none, however large its factor: 0 × Infinity is no number.
    exponential: (n) => initialDelay * Math.min(multiplier ** (n - 1), Number.MAX_VALUE),
  };
  return (n) => Math.min(grown[strategy](n), maxDelay);
}

function listed(policy: DelayList, random: () => number): Retry {
  const { delays, jitter = 0, shouldRetry, maxRetryAfter = DEFAULT_RETRY_AFTER } = policy;
  const own = [...delays];
  return {
    maxRetries: own.length,
    maxRetryAfter,
    next(n, error) {
      const delay = own[n - 1];
      if (delay === undefined || !isWorthIt(error, shouldRetry)) return undefined;
      return heed(error, delay * (1 + jitter * random()), maxRetryAfter);
    },
  };
}

function isList(policy: BackoffPolicy | DelayList): policy is DelayList {
  return "delays" in policy && policy.delays !== undefined;
}

/** What a list has no use for is known all the same. */
function refuseBackoff(action: string, policy: DelayList): void {
  const isIdle = (name: string) => !(name in LIST_RULES) && policy[name as never] !== undefined;
  const idle = Object.keys(RULES).find(isIdle);
  if (idle !== undefined) {
    throw new TypeError(`Cannot ${action} as option '${idle}' must come without 'delays'`);
  }
}

function isDelays(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((delay) => Number.isFinite(delay) && delay >= 0);
}
