/**
 * Redis as a transport of `@beat/beat`: Streams with consumer groups, and Pub/Sub; and as a store of what
 * was done.
 *
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { redisPublisher, redisSubscriber } from "@beat/redis";
 *
 * const url = "redis://127.0.0.1:6379";
 * const orders = await redisSubscriber({ url }).subscribe("orders", { group: "billing" });
 * await redisPublisher({ url }).publish("orders", new Message("paid"));
 * for await (const message of orders) message.ack();
 * ```
 *
 * @module
 */

export { redisPublisher, redisSubscriber } from "./pairs.ts";
export { type RedisPubSub, redisPubSub } from "./redis_pub_sub.ts";
export { type RedisTransport, redisTransport } from "./redis_transport.ts";
export { type RedisStore, redisStore } from "./redis_store.ts";
export type {
  MissedEntries,
  RedisServerOptions,
  RedisStoreOptions,
  RedisTransportOptions,
} from "./options.ts";
export type {
  RedisClient,
  RedisConnection,
  RedisConnectionOptions,
  RedisPipeline,
  RedisStream,
} from "./client.ts";
