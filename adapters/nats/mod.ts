/**
 * NATS as a transport of `@beat/beat`: JetStream with durable consumers, and core NATS with queue groups.
 *
 * @module
 */

export { type NatsTransport, natsTransport } from "./nats_transport.ts";
export type { NatsServerOptions, NatsTransportOptions } from "./options.ts";
export type { NatsClient, NatsSubscription } from "./client.ts";
