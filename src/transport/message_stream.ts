import type { CloseOptions, MessageStream, SubscribeOptions } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import { check, DURATION, integer } from "../options/options.ts";
import { consumeOnDemand, type DemandedConsumption } from "./consumption.ts";
import type { Transport } from "./port.ts";
import { after } from "./timer.ts";

/** Subscribes; the engine hands out a message for each that is asked for, and keeps the others. */
export async function openStream(
  transport: Transport,
  topic: string,
  options: SubscribeOptions,
): Promise<Stream> {
  const stream = new Stream(topic);
  stream.start(
    await consumeOnDemand(transport, (messages) => stream.hand(messages[0]!), {
      ...options,
      topic,
    }),
  );
  return stream;
}

type Next = (result: IteratorResult<Message, undefined>) => void;

const DONE: IteratorResult<Message, undefined> = { done: true, value: undefined };

/** The messages of a subscription, each when it is asked for. */
export class Stream implements MessageStream {
  readonly topic: string;
  readonly #asked: { resolve: Next; reject: (error: unknown) => void }[] = [];
  readonly #open = new Set<Message>();
  #consumption: DemandedConsumption | undefined;
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(topic: string) {
    this.topic = topic;
  }

  /** Settles when the subscription has ended. */
  get ended(): Promise<void> {
    return this.#consumption!.closed;
  }

  /** Begins, and ends when the consumption does. */
  start(consumption: DemandedConsumption): void {
    this.#consumption = consumption;
    consumption.closed.then(() => this.#end(), (error) => {
      this.#failure = { error };
      this.#end();
    });
  }

  /** Hands a message to whoever has asked longest; done when it is settled. */
  async hand(message: Message): Promise<void> {
    this.#open.add(message);
    this.#asked.shift()!.resolve({ done: false, value: message });
    await message.settled();
    this.#open.delete(message);
    this.#consumption!.demand(-1);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  async *batches(max: number, maxWait: number): AsyncGenerator<Message[], void> {
    check("collect batches", "max", max, integer(1));
    check("collect batches", "maxWait", maxWait, DURATION);
    // A request that outlives its batch belongs to the next one.
    let request: Promise<IteratorResult<Message, undefined>> | undefined;
    try {
      for (;;) {
        const first = await (request ?? this.#next());
        request = undefined;
        if (first.done) return;
        const batch = [first.value];
        const expired = Promise.withResolvers<undefined>();
        const cancel = after(maxWait, () => expired.resolve(undefined));
        while (batch.length < max) {
          request ??= this.#next();
          const result = await Promise.race([request, expired.promise]);
          if (result === undefined) break;
          if (result.done) break;
          request = undefined;
          batch.push(result.value);
        }
        cancel();
        yield batch;
      }
    } finally {
      await this.#leave();
    }
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#consumption!.close(options);
  }

  #next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#ended) return this.#last();
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#consumption!.demand(1);
    });
  }

  /** The end; a failure is told once. */
  #last(): Promise<IteratorResult<Message, undefined>> {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve(DONE) : Promise.reject(failure.error);
  }

  /** Who leaves the loop gives back what is not settled. */
  async #leave(): Promise<IteratorResult<Message, undefined>> {
    const closed = this.close();
    for (const message of this.#open) {
      message.nack({
        delay: 0,
        reason: new Error("The iteration ended before the message was settled"),
      });
    }
    await closed;
    return DONE;
  }

  #end(): void {
    this.#ended = true;
    for (const { resolve, reject } of this.#asked.splice(0)) this.#last().then(resolve, reject);
  }
}
