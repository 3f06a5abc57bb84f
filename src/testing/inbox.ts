import type { MessageStream, SubscribeOptions, Subscriber } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import { ConformanceError } from "./failure.ts";
import type { Consumed } from "./logs.ts";
import { tellMissing } from "./samples.ts";
import type { Watch } from "./watch.ts";

/** How an inbox reads. */
export interface InboxOptions extends SubscribeOptions {
  /** Subscriptions that it reads from. @default {1} */
  members?: number;
  /** What subscribes. @default {a subscriber for each subscription, on a connection of its own} */
  on?: Subscriber;
  /** What settles a message. @default {it is acked} */
  handle?: (message: Message) => unknown;
}

/** Reads subscriptions to their end, and remembers what came. */
export class Inbox {
  /** All deliveries, in their order. */
  readonly seen: Message[] = [];
  readonly #streams: readonly MessageStream[];
  readonly #watch: Watch;
  readonly #ended: Promise<unknown>;

  constructor(
    streams: readonly MessageStream[],
    watch: Watch,
    handle: (message: Message) => unknown,
  ) {
    this.#streams = streams;
    this.#watch = watch;
    this.#ended = Promise.all(streams.map((stream) => this.#read(stream, handle)));
    // A stream that fails is told by whoever waits for a message.
    this.#ended.catch(() => {});
  }

  /** Settles when all streams have ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** What came, as a log. */
  get log(): Consumed[] {
    return this.ids.map((id) => ({ id }));
  }

  /** The uuids of what came, in their order. */
  get ids(): string[] {
    return this.seen.map(({ uuid }) => uuid);
  }

  /** Resolves when each of the messages came at least once. */
  async gets(messages: readonly Message[]): Promise<void> {
    const isAll = () => {
      const ids = new Set(this.ids);
      return messages.every(({ uuid }) => ids.has(uuid));
    };
    await this.#watch.until(
      // Few can have come before so many deliveries: most looks need no search.
      () => this.seen.length >= messages.length && isAll(),
      () => tellMissing(messages, this.ids),
    );
  }

  /** Resolves when there were so many deliveries. */
  async counts(count: number): Promise<void> {
    await this.#watch.until(
      () => this.seen.length >= count,
      () => `${this.seen.length} of ${count} deliveries came, of '${this.ids.at(-1)}' last,`,
    );
  }

  /** Ends the subscriptions. */
  async close(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.close()));
  }

  async #read(stream: MessageStream, handle: (message: Message) => unknown): Promise<void> {
    try {
      for await (const message of stream) {
        this.seen.push(message);
        await handle(message);
        this.#watch.notify();
      }
    } catch (cause) {
      this.#watch.fail(
        new ConformanceError(`Reading '${stream.topic}' failed: ${cause}`, { cause }),
      );
      throw cause;
    }
  }
}
