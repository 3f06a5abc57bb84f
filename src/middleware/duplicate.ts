import type { Middleware } from "../message/handler.ts";
import { follow } from "./_outcome.ts";
import { joinProduced } from "./_produced.ts";

/**
 * Calls the handler twice with the same messages, one call after the other, to find out whether it is
 * idempotent. What both produced is published; a failure of either fails the work.
 *
 * @example A handler that is not idempotent
 * ```ts
 * import { duplicate } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * let total = 0;
 * const handle = duplicate()(() => void (total += 12));
 * await handle({ messages: [new Message()], batch: false, handler: "sum", topic: "orders", logger: silent });
 * assertEquals(total, 24);
 * ```
 */
export function duplicate(): Middleware {
  return (next) => (work) =>
    follow(
      next(work),
      (first) => follow(next(work), (second) => joinProduced(first, second)),
    );
}
