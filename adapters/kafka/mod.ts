/**
 * Kafka as a transport of `@beat/beat`: consumer groups, readers, and an idempotent producer.
 *
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { kafkaPublisher, kafkaSubscriber } from "@beat/kafka";
 *
 * const brokers = "127.0.0.1:9092";
 * const orders = await kafkaSubscriber({ brokers }).subscribe("orders", { group: "billing" });
 * await kafkaPublisher({ brokers }).publish("orders", new Message("paid"));
 * for await (const message of orders) message.ack();
 * ```
 *
 * @module
 */

export { kafkaPublisher, kafkaSubscriber } from "./pairs.ts";
export { type KafkaTransport, kafkaTransport } from "./kafka_transport.ts";
export type { KafkaTransportOptions, MissedRecords } from "./options.ts";
export type * from "./client.ts";
