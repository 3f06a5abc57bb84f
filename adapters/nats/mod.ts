/**
 * NATS as a transport of `@beat/beat`: JetStream with durable consumers, and core NATS with queue groups.
 *
 * @module
 */

export { type NatsTransport, natsTransport } from "./nats_transport.ts";
export { type NatsCore, natsCore } from "./nats_core.ts";
export { natsPublisher, natsSubscriber } from "./pair.ts";
export type { NatsCoreOptions, NatsServerOptions, NatsTransportOptions } from "./options.ts";
export type { NatsClient, NatsSubscription } from "./client.ts";
