import type { Message } from "../message/message.ts";

/** What handles messages: it returns or resolves when it is done, and throws or rejects when it failed. */
export type Consumer = (messages: readonly Message[]) => unknown;

/** A consumer, and what is done with what it gives before its messages are settled. */
export interface Procedure {
  /** Calls the consumer. */
  readonly call: Consumer;
  /** Gets what the consumer has returned, or its promise resolved with; fails and takes time as that does. */
  readonly complete?: (result: unknown, messages: readonly Message[]) => unknown;
}
