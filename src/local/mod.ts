/**
 * The bridge between a bus and messages: what is emitted can be consumed by whatever consumes messages,
 * and what is published reaches the handlers of a bus.
 *
 * ```ts
 * import { forSync } from "@beat/beat";
 * import { localPublisher, localSubscriber } from "@beat/beat/local";
 * import { Message } from "@beat/beat/message";
 *
 * const bus = forSync();
 * const stream = await localSubscriber(bus).subscribe("order.paid");
 * await localPublisher(bus).publish("order.paid", new Message("12", { key: "order-7" }));
 * for await (const message of stream) {
 *   console.log(message.key, message.text());
 *   message.ack();
 *   break;
 * }
 * ```
 *
 * @module
 */

export {
  type LocalOptions,
  localPublisher,
  localSubscriber,
  localTransport,
} from "./local_transport.ts";
export { SubscriptionFullError } from "./errors.ts";
