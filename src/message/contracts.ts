import type { Codec } from "./codec.ts";
import type { Message } from "./message.ts";

/** What `close` takes. */
export interface CloseOptions {
  /** Milliseconds to wait at most. @default {30_000} */
  timeout?: number;
}

/** What `publish` takes. */
export interface PublishOptions {
  /** Ends the wait; what is on its way by then may be stored. @default {none} */
  signal?: AbortSignal;
}

/** Takes messages to a broker. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when the broker has confirmed every message. The order of the array, and of successive
   * calls, is kept per key; the bytes may be reused afterwards. Waits while its queue is full.
   *
   * @throws {PublishError} Naming the messages that were not confirmed; all others are.
   * @throws {TypeError | RangeError} If the topic, a message or an option is malformed; nothing is published.
   * @throws {ClosedError} If it is closed.
   */
  publish(
    topic: string,
    messages: Message | readonly Message[],
    options?: PublishOptions,
  ): Promise<void>;
  /** Refuses what comes, and resolves when what was accepted is confirmed or has failed. */
  close(options?: CloseOptions): Promise<void>;
}

/** Where a subscription without a position of its own begins. */
export type StartPosition = "latest" | "earliest" | Date;

/** By what messages keep their order, and among whom. */
export interface OrderOptions {
  /** `"key"`, or what takes the key out of a message. */
  by: "key" | ((message: Message) => string);
  /**
   * `"group"`: across all members of the group; refused where the transport cannot keep it.
   * `"member"`: within this subscription. @default {"group"}
   */
  scope?: "group" | "member";
}

/** How a lost connection is made anew. */
export interface ReconnectOptions {
  /** Milliseconds before the first attempt, drawn from 0 to this. @default {100} */
  initialDelay?: number;
  /** Milliseconds that a delay grows to. @default {5_000} */
  maxDelay?: number;
  /** What a delay grows by. @default {2} */
  multiplier?: number;
  /** Attempts in a row until it gives up, that of the first connection included. @default {Infinity} */
  maxAttempts?: number;
}

/**
 * A message that holds up others: its dead letter cannot be published, or it is not settled while so
 * many behind it are that nothing more of its lane is fetched.
 */
export interface Stall {
  /** The subscribed topic. */
  readonly topic: string;
  /** The lane whose later messages cannot be committed. */
  readonly lane: string;
  /** The message. */
  readonly uuid: string;
  /** Why its dead letter is not confirmed, or how many it holds up. */
  readonly cause: unknown;
}

/** What `subscribe` takes. */
export interface SubscribeOptions {
  /** Members of a group compete; each group gets everything. @default {none: a reader that leaves nothing behind} */
  group?: string;
  /** Where a reader, or a group without a position, begins. @default {"latest"} */
  from?: StartPosition;
  /** Messages taken and not settled at most. @default {16} */
  prefetch?: number;
  /** Keeps the order of messages with the same key. @default {no order} */
  ordered?: "key" | OrderOptions;
  /** Turns records into messages. @default {`fields`} */
  codec?: Codec;
  /** Closes the stream. @default {none} */
  signal?: AbortSignal;
  /** How a lost connection is made anew. @default {after 100 ms × 2 ≤ 5 s, full jitter, without end} */
  reconnect?: ReconnectOptions;
  /** Hears of a message that holds up others. */
  onStall?: (stall: Stall) => void;
  /** Hears of an ack or nack that the broker did not take: the message may come again. */
  onSettleError?: (error: unknown) => void;
}

/** The messages of a subscription; each must be settled. */
export interface MessageStream extends AsyncIterable<Message> {
  /** The subscribed topic. */
  readonly topic: string;
  /** Arrays of at most `max` messages, each at most `maxWait` milliseconds after its first one. */
  batches(max: number, maxWait: number): AsyncIterable<Message[]>;
  /** Ends the stream: gives back what was not handed out, waits for what was. */
  close(options?: CloseOptions): Promise<void>;
}

/** Takes messages from a broker. */
export interface Subscriber extends AsyncDisposable {
  /**
   * Resolves when the subscription is live.
   *
   * @throws {TypeError | RangeError} If the topic or an option is malformed, or the transport cannot keep what was asked for.
   * @throws {ClosedError} If it is closed.
   */
  subscribe(topic: string, options?: SubscribeOptions): Promise<MessageStream>;
  /** Closes all streams. */
  close(options?: CloseOptions): Promise<void>;
}
