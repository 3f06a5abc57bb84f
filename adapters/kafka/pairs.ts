import type { Publisher, Subscriber } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import { kafkaTransport } from "./kafka_transport.ts";
import type { KafkaTransportOptions } from "./options.ts";

/**
 * A publisher to Kafka, with connections of its own that it closes.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Publish a message
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { kafkaPublisher } from "@beat/kafka";
 *
 * const orders = kafkaPublisher({ brokers: "127.0.0.1:9092" });
 * await orders.publish("orders.paid", Message.json({ total: 12 }, { key: "order-7" }));
 * await orders.close();
 * ```
 */
export function kafkaPublisher(options: KafkaTransportOptions): Publisher {
  return publisher(kafkaTransport(options), { closeTransport: true });
}

/**
 * A subscriber of Kafka, with connections of its own that it closes.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Handle what a group gets
 * ```ts ignore
 * import { kafkaSubscriber } from "@beat/kafka";
 *
 * const orders = kafkaSubscriber({ brokers: "127.0.0.1:9092" });
 * for await (const message of await orders.subscribe("orders.paid", { group: "billing" })) {
 *   console.log(message.json());
 *   message.ack();
 * }
 * ```
 */
export function kafkaSubscriber(options: KafkaTransportOptions): Subscriber {
  return subscriber(kafkaTransport(options), { closeTransport: true });
}
