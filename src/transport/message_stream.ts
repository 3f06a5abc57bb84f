import type { CloseOptions, MessageStream, SubscribeOptions } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import { check, checkNames, DURATION, integer } from "../options/options.ts";
import { consumeOnDemand, type DemandedConsumption } from "./consumption.ts";
import type { Transport } from "./port.ts";
import { after } from "./timer.ts";

/** What `subscribe` knows; the rest of what an engine can is the Router's. */
const OPTIONS: (keyof SubscribeOptions)[] = [
  "group",
  "from",
  "prefetch",
  "ordered",
  "codec",
  "signal",
  "reconnect",
  "onStall",
  "onSettleError",
];

/** Somebody who waits for a message. */
interface Asker {
  readonly resolve: (result: IteratorResult<Message, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorResult<Message, undefined> = { done: true, value: undefined };

/** The messages of a subscription, each when it is asked for; the engine keeps the others. */
export class Stream implements MessageStream {
  readonly topic: string;
  readonly #askers = new Set<Asker>();
  /** What was handed out and is not settled. */
  readonly #open = new Set<Message>();
  readonly #consumption: DemandedConsumption;
  #ended = false;
  #failure: { error: unknown } | undefined;

  /** @throws {TypeError | RangeError} If an option is malformed, or cannot be kept. */
  constructor(transport: Transport, topic: string, options: SubscribeOptions) {
    checkNames(`subscribe to '${topic}'`, options, OPTIONS);
    this.topic = topic;
    this.#consumption = consumeOnDemand(transport, ([message]) => this.#hand(message!), {
      ...options,
      topic,
    });
    const end = (error: unknown) => {
      this.#failure = { error };
      this.#end();
    };
    this.ended.catch(end);
    // Whoever waits hears of it at once: what was handed out before must be settled for the end to come.
    this.#consumption.closing.then(() => this.#end());
  }

  /** Settles when the subscription has ended. */
  get ended(): Promise<void> {
    return this.#consumption.closed;
  }

  /** Resolves when it is live. */
  open(): Promise<void> {
    return this.#consumption.open();
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  batches(max: number, maxWait: number): AsyncGenerator<Message[], void> {
    check("collect batches", "max", max, integer(1));
    const { prefetch } = this.#consumption;
    if (max > prefetch) {
      throw new RangeError(
        `Cannot collect batches as 'max' must be at most the 'prefetch', ${prefetch}: current value is ${max}`,
      );
    }
    check("collect batches", "maxWait", maxWait, DURATION);
    return this.#collect(max, maxWait);
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#consumption.close(options);
  }

  /** Hands a message to whoever has asked longest; done when it is settled. */
  async #hand(message: Message): Promise<void> {
    this.#open.add(message);
    const [asker] = this.#askers;
    this.#askers.delete(asker!);
    asker!.resolve({ done: false, value: message });
    await message.settled();
    this.#open.delete(message);
    this.#consumption.demand(-1);
  }

  async *#collect(max: number, maxWait: number): AsyncGenerator<Message[], void> {
    try {
      for (;;) {
        const first = await this.#next();
        if (first.done) return;
        const batch = [first.value];
        let isDue = false;
        let asker: Asker | undefined;
        const cancel = after(maxWait, () => {
          isDue = true;
          if (asker !== undefined) this.#withdraw(asker);
        });
        try {
          while (batch.length < max && !isDue) {
            const result = await this.#next((waiting) => asker = waiting);
            if (result.done) break;
            batch.push(result.value);
          }
        } finally {
          cancel();
        }
        yield batch;
      }
    } finally {
      await this.#leave();
    }
  }

  /** Resolves with the next message; `waits` gets what can be withdrawn until then. */
  #next(waits?: (asker: Asker) => void): Promise<IteratorResult<Message, undefined>> {
    if (this.#ended) return this.#last();
    return new Promise((resolve, reject) => {
      const asker = { resolve, reject };
      this.#askers.add(asker);
      waits?.(asker);
      this.#consumption.demand(1);
    });
  }

  /** Has somebody wait no longer; a message that is on its way to them arrives. */
  #withdraw(asker: Asker): void {
    if (!this.#askers.delete(asker)) return;
    this.#consumption.demand(-1);
    asker.resolve(DONE);
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
    for (const { resolve, reject } of this.#askers) this.#last().then(resolve, reject);
    this.#askers.clear();
  }
}
