import { type Codec, fields } from "../message/codec.ts";
import type { CloseOptions, Publisher, PublishOptions } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import type { Meter, Tracer } from "../message/telemetry.ts";
import { BOOLEAN, checkOptions, integer, OBJECT, type Rules } from "../options/options.ts";
import { encodeAll } from "./encode.ts";
import { Outlet } from "./outlet.ts";
import type { Transport } from "./port.ts";
import { checkInput } from "./publish_input.ts";
import { PublishTelemetry } from "./publish_telemetry.ts";
import { grantAccess } from "./publisher_access.ts";

/** What {@linkcode publisher} takes. */
export interface PublisherOptions {
  /** Turns messages into records. @default {`fields`} */
  codec?: Codec;
  /** Messages that are accepted and not confirmed at most; `publish` waits for room. @default {65_536} */
  capacity?: number;
  /** Whether `close` closes the transport too. @default {false} */
  closeTransport?: boolean;
  /** Makes a span for each call, and lets messages carry its context in `traceparent`. @default {none} */
  tracer?: Tracer;
  /** Measures durations and counts messages. @default {none} */
  meter?: Meter;
}

const RULES: Rules = {
  codec: OBJECT,
  capacity: integer(1),
  closeTransport: BOOLEAN,
  tracer: OBJECT,
  meter: OBJECT,
};

/**
 * A publisher on a transport. Messages of the same lane go one batch after the other, and what is
 * published while a batch is on its way goes with the next one.
 *
 * What the codec throws refuses the whole call: nothing of it is published, and the
 * `PublishError` names the message.
 *
 * @throws {TypeError | RangeError} If an option is unknown, of a wrong type or out of its range.
 *
 * @example Publish to a transport
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { publisher, type Sink, type Transport } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const stored: string[] = [];
 * const sink: Sink = {
 *   limits: { batch: 100, bytes: 1_048_576, lanes: 4 },
 *   lane: (topic) => topic,
 *   send: async (_lane, items) => {
 *     for (const { topic, rec } of items) stored.push(`${topic} ${rec.key}`);
 *     return items.map(() => undefined);
 *   },
 *   close: async () => {},
 * };
 * const transport = { name: "list", sink: () => sink } as unknown as Transport;
 *
 * const orders = publisher(transport);
 * await orders.publish("orders", [
 *   new Message("paid", { key: "a" }),
 *   new Message("paid", { key: "b" }),
 * ]);
 * await orders.close();
 * assertEquals(stored, ["orders a", "orders b"]);
 * ```
 */
export function publisher(transport: Transport, options: PublisherOptions = {}): Publisher {
  checkOptions("create a publisher", options, RULES);
  const made = new OutletPublisher(transport, options);
  grantAccess(made, {
    transport,
    publish: (topic, messages, { signal, identify }) =>
      made.send(topic, messages, signal && { signal }, identify),
    encode: (topic, message) => made.encode(topic, [message])[0]!,
  });
  return made;
}

class OutletPublisher implements Publisher {
  readonly #outlet: Outlet;
  readonly #codec: Codec;
  readonly #telemetry: PublishTelemetry | undefined;

  constructor(transport: Transport, options: PublisherOptions) {
    const { codec = fields, capacity = 65_536, closeTransport = false, tracer, meter } = options;
    this.#codec = codec;
    this.#outlet = new Outlet(transport.sink(), {
      capacity,
      ends: closeTransport ? [() => transport.close()] : [],
    });
    if (tracer !== undefined || meter !== undefined) {
      this.#telemetry = new PublishTelemetry(transport.name, { tracer, meter });
    }
  }

  publish(
    topic: string,
    messages: Message | readonly Message[],
    options?: PublishOptions,
  ): Promise<void> {
    return this.send(topic, messages, options);
  }

  // Not async, as that costs a second promise for each call.
  send(
    topic: string,
    messages: Message | readonly Message[],
    options?: PublishOptions,
    identify?: (message: Message) => string,
  ): Promise<void> {
    try {
      const list = checkInput(topic, messages, options);
      this.#outlet.refuseIfClosed();
      options?.signal?.throwIfAborted();
      if (list.length === 0) return Promise.resolve();
      if (this.#telemetry === undefined) {
        return this.#queue(topic, list, options?.signal, identify);
      }
      // A copy, as the caller may change its array while what was in it is on its way.
      return this.#telemetry.observe(
        topic,
        [...list],
        list === messages,
        (list) => this.#queue(topic, list, options?.signal, identify),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  encode(topic: string, messages: readonly Message[]): Rec[] {
    return encodeAll(this.#codec, topic, messages);
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#outlet.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #queue(
    topic: string,
    messages: readonly Message[],
    signal: AbortSignal | undefined,
    identify: ((message: Message) => string) | undefined,
  ): Promise<void> {
    const recs = this.encode(topic, messages);
    return this.#outlet.publish(topic, recs, signal, identify && messages.map(identify));
  }
}
