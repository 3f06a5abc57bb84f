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
