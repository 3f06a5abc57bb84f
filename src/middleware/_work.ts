import type { Logger } from "../message/logger.ts";
import type { Message } from "../message/message.ts";
import type { Work } from "../message/handler.ts";

/** The messages that nobody has settled yet. */
export function unsettledOf(work: Work): readonly Message[] {
  return work.messages.every(isPending) ? work.messages : work.messages.filter(isPending);
}

function isPending(message: Message): boolean {
  return message.state === "pending";
}

/** The same work on fewer messages. */
export function narrow(work: Work, messages: readonly Message[]): Work {
  return messages === work.messages ? work : { ...work, messages };
}

/** What a log says of work: where it is done, and its message or how many there are. */
export function describe(work: Work): Record<string, unknown> {
  const { handler, topic, group, batch, messages } = work;
  const where = group === undefined ? { handler, topic } : { handler, topic, group };
  // A middleware that settled the one message may pass on work on none.
  const [message] = messages;
  if (batch || message === undefined) return { ...where, messages: messages.length };
  const { uuid, attempt } = message;
  return { ...where, uuid, attempt };
}

/**
 * Refuses a message before its handler sees it: the one of a single work by throwing, so that the
 * middlewares around hear of it, one of a batch by a nack, so that the rest is handled.
 */
export function refuseMessage(work: Work, message: Message, reason: unknown): void {
  if (!work.batch) throw reason;
  message.nack({ reason });
}

/** Calls what a user gave to hear of something: what it throws is logged and harms nobody. */
export function notify(logger: Logger, what: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    logger.error(`'${what}' threw`, { error });
  }
}
