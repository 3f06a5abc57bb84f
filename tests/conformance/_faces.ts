/**
 * Ways to break what stands on a transport: each replaces some functions, and leaves the rest as it is.
 *
 * @module
 */

import type { MessageStream, Publisher, Subscriber } from "../../src/message/contracts.ts";
import type { Work } from "../../src/message/handler.ts";
import { Message } from "../../src/message/message.ts";
import { override } from "../../src/testing/probes.ts";
import { FACES, type Faces } from "../../src/testing/world.ts";
import type { Consumption } from "../../src/transport/consumption.ts";
import type { Transport } from "../../src/transport/port.ts";

/** Changes publishers. */
export function onPublisher(
  change: (made: Publisher, transport: Transport) => Partial<Publisher>,
): Partial<Faces> {
  return {
    publisher(transport) {
      const made = FACES.publisher(transport);
      return override(made, change(made, transport));
    },
  };
}

/** Has what publishing fails with replaced by another error. */
export function failingWith(makeError: () => Error): Partial<Faces> {
  return onPublisher((made) => ({
    publish: (...args) =>
      made.publish(...args).catch(() => {
        throw makeError();
      }),
  }));
}

/** Changes subscribers. */
export function onSubscriber(change: (made: Subscriber) => Partial<Subscriber>): Partial<Faces> {
  return {
    subscriber(transport) {
      const made = FACES.subscriber(transport);
      return override(made, change(made));
    },
  };
}

/** Changes the streams of subscriptions. */
export function onStream(
  change: (stream: MessageStream) => Partial<MessageStream>,
): Partial<Faces> {
  return onSubscriber((made) => ({
    async subscribe(topic, options) {
      const stream = await made.subscribe(topic, options);
      return override(stream, change(stream));
    },
  }));
}

/** Changes consumptions, and the messages that their handlers get. */
export function onConsumption(
  change: (made: Consumption) => Partial<Consumption>,
  changeMessage: (message: Message) => Message = (message) => message,
): Partial<Faces> {
  return {
    async consume(transport, consumer, options) {
      const call = (messages: readonly Message[]) => consumer(messages.map(changeMessage));
      const made = await FACES.consume(transport, call, options);
      return override(made, change(made));
    },
  };
}

/** Changes the messages that handlers get. */
export function onMessages(change: (message: Message) => Message): Partial<Faces> {
  return onConsumption(() => ({}), change);
}

/** Shows other work to the middleware of a router than its handlers get. */
export function showing(change: (work: Work) => Work): Partial<Faces> {
  return {
    router() {
      const made = FACES.router();
      return override(made, {
        use(...middleware) {
          const deceived = middleware.map((one): typeof one => (next) => (work) =>
            one(() => next(work))(change(work))
          );
          return made.use(...deceived);
        },
      });
    },
  };
}

/** Messages without what comes after the first line of their metadata. */
export function oneLine(messages: Message | readonly Message[]): Message[] {
  return ([messages] as Message[][]).flat().map((message) => {
    const copy = new Message(message.payload, { uuid: message.uuid, key: message.key });
    for (const [name, value] of message.metadata) {
      copy.metadata.set(name, value.replace(/[\r\n\0].*/s, ""));
    }
    return copy;
  });
}
