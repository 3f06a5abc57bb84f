import type { Middleware } from "../message/handler.ts";

/**
 * Acks messages before they are handled: at most once instead of at least once. A failure, a crash,
 * or a produced message that cannot be published loses the message. The error still passes: a router
 * counts and logs it.
 *
 * @example A handler that fails
 * ```ts
 * import { instantAck } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const message = new Message();
 * const handle = instantAck()(() => {
 *   throw new Error("busy");
 * });
 * const work = { messages: [message], batch: false, handler: "count", topic: "views", logger: silent };
 * assertThrows(() => handle(work), Error, "busy");
 * assertEquals(message.state, "acked");
 * ```
 */
export function instantAck(): Middleware {
  return (next) => (work) => {
    for (const message of work.messages) message.ack();
    return next(work);
  };
}
