import type { Middleware } from "../message/handler.ts";
import { ANYTHING, checkOptions, type Rules } from "../options/options.ts";
import { Breaker, BREAKER_RULES, type CircuitChange } from "./breaker.ts";
import { observe } from "./_outcome.ts";
import { notify } from "./_work.ts";
import { CircuitOpenError } from "./errors.ts";
import { type ErrorMatch, matchError } from "./match_error.ts";

/** What {@linkcode circuitBreaker} takes. */
export interface CircuitBreakerOptions {
  /** Milliseconds back that calls are counted. @default {10_000} */
  window?: number;
  /** The share of calls that fail, from above 0 to 1, that opens it. @default {0.5} */
  failureRate?: number;
  /** Calls within the window without which nothing is judged. @default {5} */
  minimum?: number;
  /**
   * Milliseconds that it stays open before calls try whether it works again, and after which one that
   * tries and does not end makes room for another. @default {30_000}
   */
  cooldown?: number;
  /** How many calls may try at a time; as many successes close it, one failure opens it again. @default {1} */
  halfOpen?: number;
  /** Errors that count neither as failure nor as success: classes or predicates. @default {none} */
  ignore?: ErrorMatch | readonly ErrorMatch[];
  /** Hears of each change of the state. */
  onStateChange?: (change: CircuitChange) => void;
}

const ACTION = "create a circuit breaker";

/** What is to be ignored is looked at where it is read. */
const RULES: Rules = { ...BREAKER_RULES, ignore: ANYTHING };

/**
 * Spares what a handler needs and what fails too often: after enough failures it refuses calls with a
 * {@linkcode CircuitOpenError} for a while, then lets a few try. One call, of one message or of a
 * batch, counts once.
 *
 * A breaker that is used for several handlers is one: make one for each thing that may fail. Put
 * {@linkcode delayOnError} around it, and refused messages come again when calls may try.
 *
 * The pattern is that of M. Nygard's "Release It!", with a failure rate over a sliding window.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A dependency that is down
 * ```ts
 * import { circuitBreaker, CircuitOpenError } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * let calls = 0;
 * const handle = circuitBreaker({ minimum: 2 })(() => {
 *   calls++;
 *   throw new Error("down");
 * });
 * const work = { messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent };
 * for (let i = 0; i < 2; i++) assertThrows(() => handle(work), Error, "down");
 * assertThrows(() => handle(work), CircuitOpenError, "may be tried in");
 * assertEquals(calls, 2);
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): Middleware {
  checkOptions(ACTION, options, RULES);
  const {
    window = 10_000,
    failureRate = 0.5,
    minimum = 5,
    cooldown = 30_000,
    halfOpen = 1,
    ignore = [],
    onStateChange,
  } = options;
  const isIgnored = matchError(ignore);
  const changes: CircuitChange[] = [];
  const limits = { window, failureRate, minimum, cooldown, halfOpen };
  const breaker = new Breaker(limits, (change) => changes.push(change));

  return (next) => (work) => {
    const tell = () => {
      if (changes.length === 0) return;
      for (const change of changes.splice(0)) {
        work.logger.warn("circuit breaker changed", { handler: work.handler, ...change });
        if (onStateChange !== undefined) {
          notify(work.logger, "onStateChange", () => onStateChange(change));
        }
      }
    };
    const permit = breaker.ask(performance.now());
    tell();
    if (typeof permit === "number") throw new CircuitOpenError(work.handler, permit);
    const report = (failed: boolean | undefined) => {
      breaker.report(permit, failed, performance.now());
      tell();
    };
    return observe(next, work, {
      onValue: () => report(false),
      onError: (error) => report(isIgnored(error) ? undefined : true),
    });
  };
}
