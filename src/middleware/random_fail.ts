import type { Middleware } from "../message/handler.ts";
import { check, checkOptions, integer, type Rules } from "../options/options.ts";
import { narrow, refuseMessage } from "./_work.ts";

/** What {@linkcode randomFail} takes. */
export interface RandomFailOptions {
  /** The share of messages that fail, from 0 to 1. */
  probability: number;
  /** What the choice is drawn from: the same seed fails the same messages. @default {drawn, and named by each error} */
  seed?: number;
}

const ACTION = "create a failing middleware";

const RULES: Rules = {
  probability: ["from 0 to 1", "number", (share: number) => share >= 0 && share <= 1],
  seed: integer(0),
};

/**
 * Fails messages at random before their handler sees them, to find out what a program does then; of a
 * batch those that are hit are nacked, and the rest is handled. With one message at a time the same
 * seed gives the same failures; each error names seed and draw.
 *
 * Numbers come from mulberry32 by T. Ettinger.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example The same failures again
 * ```ts
 * import { randomFail } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * function failures(): string {
 *   const handle = randomFail({ probability: 0.5, seed: 7 })(() => {});
 *   const work = { messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent };
 *   return Array.from({ length: 20 }, () => {
 *     try {
 *       handle(work);
 *       return ".";
 *     } catch {
 *       return "x";
 *     }
 *   }).join("");
 * }
 * assertEquals(failures(), failures());
 * ```
 */
export function randomFail(options: RandomFailOptions): Middleware {
  checkOptions(ACTION, options, RULES);
  check(ACTION, "probability", options.probability, RULES.probability!);
  const { probability, seed = Math.floor(Math.random() * 2 ** 32) } = options;
  const random = mulberry32(seed);
  let draw = 0;
  return (next) => (work) => {
    const spared = work.messages.filter((message) => {
      draw++;
      if (random() >= probability) return true;
      refuseMessage(work, message, new Error(`Failed at random: seed ${seed}, draw ${draw}`));
      return false;
    });
    return spared.length === 0 ? undefined : next(
      spared.length === work.messages.length ? work : narrow(work, spared),
    );
  };
}

function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
