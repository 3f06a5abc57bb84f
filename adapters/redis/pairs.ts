import type { Publisher, Subscriber } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import type { RedisTransportOptions } from "./options.ts";
import { redisTransport } from "./redis_transport.ts";

/**
 * A publisher to Redis Streams, with a connection of its own that it closes.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Publish a message
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { redisPublisher } from "@beat/redis";
 *
 * const orders = redisPublisher({ url: "redis://127.0.0.1:6379" });
 * await orders.publish("orders.paid", Message.json({ total: 12 }, { key: "order-7" }));
 * await orders.close();
 * ```
 */
export function redisPublisher(options: RedisTransportOptions): Publisher {
  return publisher(redisTransport(options), { closeTransport: true });
}

/**
 * A subscriber of Redis Streams, with connections of its own that it closes.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Handle what a group gets
 * ```ts ignore
 * import { redisSubscriber } from "@beat/redis";
 *
 * const orders = redisSubscriber({ url: "redis://127.0.0.1:6379" });
 * for await (const message of await orders.subscribe("orders.paid", { group: "billing" })) {
 *   console.log(message.json());
 *   message.ack();
 * }
 * ```
 */
export function redisSubscriber(options: RedisTransportOptions): Subscriber {
  return subscriber(redisTransport(options), { closeTransport: true });
}
