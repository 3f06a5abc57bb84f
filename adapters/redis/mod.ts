/**
 * Redis as a transport of `@beat/beat`: Streams with consumer groups.
 *
 * @module
 */

export { type RedisTransport, redisTransport } from "./redis_transport.ts";
export type { MissedEntries, RedisServerOptions, RedisTransportOptions } from "./options.ts";
export type {
  RedisClient,
  RedisConnection,
  RedisConnectionOptions,
  RedisPipeline,
  RedisStream,
} from "./client.ts";
