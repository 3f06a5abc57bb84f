import type { Middleware } from "../message/handler.ts";
import { show } from "../options/refusal.ts";
import { rescue } from "./_outcome.ts";

/**
 * Makes a real `Error` of whatever a handler throws or rejects with, `undefined` included, so that
 * what stands around it has a message, a stack and something to compare. An error passes as it is;
 * anything else becomes the `cause` of one.
 *
 * @example A handler that rejects with nothing
 * ```ts
 * import { recoverer } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertRejects } from "@std/assert";
 *
 * const handle = recoverer()(() => Promise.reject());
 * const work = { messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent };
 * await assertRejects(async () => await handle(work), Error, "Handler 'bill' threw no error: undefined");
 * ```
 */
export function recoverer(): Middleware {
  return (next) => (work) =>
    rescue(next, work, (thrown) => {
      throw isError(thrown) ? thrown : new Error(
        `Handler '${work.handler}' threw no error: ${show(thrown)}`,
        { cause: thrown },
      );
    });
}

/** Errors of another realm are errors too. */
function isError(thrown: unknown): boolean {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}
