import type { Publisher } from "../message/contracts.ts";
import { Message } from "../message/message.ts";
import { check, FUNCTION, OBJECT } from "../options/options.ts";
import { accessOf, grantAccess } from "./publisher_access.ts";

/**
 * What is done around a call of `publish` with at least one message; `publish` publishes, and must be
 * called once.
 */
export type AroundPublish = (
  topic: string,
  messages: readonly Message[],
  publish: () => Promise<void>,
) => Promise<void>;

/**
 * Puts something around a publisher: a measurement, a check, a line in the log. Dead letters and replays
 * that go through it keep the identity by which a broker tells them from their message; through an
 * object of one's own that calls `publish` they would not, and a broker that drops duplicates drops them.
 *
 * @throws {TypeError} If one of the two is no publisher or no function.
 *
 * @example Counting what is published
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { publisher, wrapPublisher } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * let count = 0;
 * const counting = wrapPublisher(publisher(new MemoryBroker()), async (_topic, messages, publish) => {
 *   await publish();
 *   count += messages.length;
 * });
 * await counting.publish("orders", [new Message("1"), new Message("2")]);
 * assertEquals(count, 2);
 * ```
 */
export function wrapPublisher(publisher: Publisher, around: AroundPublish): Publisher {
  check("wrap a publisher", "publisher", publisher, OBJECT);
  check("wrap a publisher", "around", around, FUNCTION);
  const { transport, publish } = accessOf(publisher);
  const wrapped: Publisher = {
    async publish(topic, messages, options) {
      const list = messages instanceof Message ? [messages] : messages;
      // A call with nothing, or with what is no message, is the publisher's to judge.
      if (!Array.isArray(list) || list.length === 0) {
        return await publisher.publish(topic, messages, options);
      }
      await around(topic, list, () => publisher.publish(topic, messages, options));
    },
    close: (options) => publisher.close(options),
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
  grantAccess(wrapped, {
    ...(transport && { transport }),
    publish: (topic, messages, options) =>
      around(topic, messages, () => publish(topic, messages, options)),
  });
  return wrapped;
}
