import { type Codec, fields } from "../message/codec.ts";
import type {
  CloseOptions,
  MessageStream,
  SubscribeOptions,
  Subscriber,
} from "../message/contracts.ts";
import { ClosedError } from "../message/errors.ts";
import { BOOLEAN, checkOptions, DURATION, OBJECT } from "../options/options.ts";
import { Stream } from "./message_stream.ts";
import type { Transport } from "./port.ts";

/** What a router needs of a subscriber. */
export interface SubscriberAccess {
  /** Where it subscribes. */
  readonly transport: Transport;
  /** Turns records into messages. */
  readonly codec: Codec;
}

const accesses = new WeakMap<Subscriber, SubscriberAccess>();

/** What a subscriber may have beside the transport. */
export interface SubscriberOptions {
  /** Turns records into messages, unless a subscription says otherwise. @default {`fields`} */
  codec?: Codec;
  /** Whether closing the subscriber closes the transport: for who makes both. @default {false} */
  closeTransport?: boolean;
}

/**
 * The subscribing face of a transport: each message of a topic, to be settled by who gets it.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 *
 * @example Reading a topic
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { publisher, subscriber } from "@beat/beat/transport";
 * import { MemoryBroker } from "@beat/beat/memory";
 *
 * const broker = new MemoryBroker();
 * const stream = await subscriber(broker).subscribe("orders");
 * await publisher(broker).publish("orders", new Message("hello"));
 * for await (const message of stream) {
 *   console.log(message.text());
 *   message.ack();
 *   break;
 * }
 * ```
 */
export function subscriber(transport: Transport, options: SubscriberOptions = {}): Subscriber {
  checkOptions("create a subscriber", options, { closeTransport: BOOLEAN, codec: OBJECT });
  const { codec = fields, closeTransport = false } = options;
  const face = new TransportSubscriber({ transport, codec }, closeTransport);
  accesses.set(face, { transport, codec });
  return face;
}

/** The inside of a subscriber that {@linkcode subscriber} made. */
export function accessOfSubscriber(subscriber: Subscriber): SubscriberAccess | undefined {
  return accesses.get(subscriber);
}

class TransportSubscriber implements Subscriber {
  readonly #access: SubscriberAccess;
  readonly #closeTransport: boolean;
  /** Those that are being opened, too. */
  readonly #streams = new Set<Stream>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(access: SubscriberAccess, closeTransport: boolean) {
    this.#access = access;
    this.#closeTransport = closeTransport;
  }

  async subscribe(topic: string, options: SubscribeOptions = {}): Promise<MessageStream> {
    if (this.#isClosed) throw new ClosedError(`subscribe to '${topic}'`, "subscriber");
    const { transport, codec } = this.#access;
    const stream = new Stream(transport, topic, { ...options, codec: options.codec ?? codec });
    this.#streams.add(stream);
    stream.ended.finally(() => this.#streams.delete(stream)).catch(() => {});
    await stream.open();
    return stream;
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions("close the subscriber", options, { timeout: DURATION });
    this.#isClosed = true;
    const closed = Promise.allSettled(Array.from(this.#streams, (one) => one.close(options)));
    this.#closing ??= closed.then((results) => this.#end(results));
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(results: readonly PromiseSettledResult<void>[]): Promise<void> {
    if (this.#closeTransport) await this.#access.transport.close();
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}
