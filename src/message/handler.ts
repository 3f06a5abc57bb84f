import type { Logger } from "./logger.ts";
import type { Message } from "./message.ts";

/** What a handler gives to be published. */
export type Produced = void | undefined | Message | readonly Message[];

/** One call's worth of work: one message, or a batch. */
export interface Work {
  /** What to work on; a middleware that settled some passes on the rest. */
  readonly messages: readonly Message[];
  /** Whether the handler takes batches. */
  readonly batch: boolean;
  /** Name of the handler. */
  readonly handler: string;
  /** The subscribed topic. */
  readonly topic: string;
  /** The consumer group, if there is one. */
  readonly group?: string | undefined;
  /** Where to write what should be known. */
  readonly logger: Logger;
  /**
   * Has the end of the handler wait for what goes on when this call is over, as long as there is time
   * for it. A router gives it.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** Does the work. A synchronous one stays so: nothing awaits where nothing has to. */
export type Handle = (work: Work) => Produced | Promise<Produced>;

/** Wraps a {@linkcode Handle}; the first added is the outermost. */
export type Middleware = (next: Handle) => Handle;

/** Handles one message; when it returns, or its promise resolves, the message is acked. */
export type Handler = (message: Message) => Produced | Promise<Produced>;

/** Handles a batch; what it leaves unsettled is acked when it ends well. */
export type BatchHandler = (messages: readonly Message[]) => Produced | Promise<Produced>;
