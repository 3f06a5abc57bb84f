import type { Handle, Middleware, Produced, Work } from "../message/handler.ts";
import { joinProduced } from "./_produced.ts";
import { rescue } from "./_outcome.ts";
import { isAborted } from "./_pause.ts";
import { narrow, unsettledOf } from "./_work.ts";
import { type ErrorMatch, matchError } from "./match_error.ts";

/**
 * Takes some errors for success: the message is acked, nothing is produced, and a warning is logged.
 * Errors are told by class or predicate, their `cause`s included.
 *
 * When a batch fails with such an error, its unsettled messages are handled one by one, because the
 * error may be about one of them only: those that fail alone with an ignored error are done, those
 * that fail with another one are nacked.
 *
 * @throws {TypeError} If a match is neither a class of errors nor a function.
 *
 * @example Orders that are gone
 * ```ts
 * import { ignoreErrors } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 *
 * class GoneError extends Error {}
 * const handle = ignoreErrors(GoneError)(() => {
 *   throw new GoneError("the order was cancelled");
 * });
 * await handle({ messages: [new Message()], batch: false, handler: "bill", topic: "orders", logger: silent });
 * ```
 */
export function ignoreErrors(errors: ErrorMatch | readonly ErrorMatch[]): Middleware {
  const isIgnored = matchError(errors);
  return (next) => (work) =>
    rescue(next, work, (error, work) => {
      if (!isIgnored(error)) throw error;
      if (work.messages.length > 1) return oneByOne(next, work, isIgnored, error);
      report(work, error);
    });
}

async function oneByOne(
  next: Handle,
  work: Work,
  isIgnored: (error: unknown) => boolean,
  error: unknown,
): Promise<Produced> {
  let produced: Produced;
  for (const message of unsettledOf(work)) {
    if (isAborted([message])) throw error;
    const alone = narrow(work, [message]);
    try {
      produced = joinProduced(produced, await next(alone));
    } catch (reason) {
      if (isIgnored(reason)) report(alone, reason);
      else message.nack({ reason });
    }
  }
  return produced;
}

function report({ handler, topic, messages, logger }: Work, error: unknown): void {
  logger.warn("error ignored", { handler, topic, uuid: messages[0]?.uuid, error });
}
