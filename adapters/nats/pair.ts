import type { Publisher, Subscriber } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import { natsTransport } from "./nats_transport.ts";
import type { NatsTransportOptions } from "./options.ts";

/**
 * A publisher to JetStream with a connection of its own, unless one is handed in.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Publish to a stream
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { natsPublisher } from "@beat/nats";
 *
 * const out = natsPublisher({ servers: "nats://127.0.0.1:4222" });
 * await out.publish("orders", Message.json({ total: 12 }, { key: "order-7" }));
 * await out.close();
 * ```
 */
export function natsPublisher(options: NatsTransportOptions): Publisher {
  return publisher(natsTransport(options), { closeTransport: true });
}

/**
 * A subscriber to JetStream with a connection of its own, unless one is handed in.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed or missing.
 *
 * @example Be one of those who handle orders
 * ```ts ignore
 * import { natsSubscriber } from "@beat/nats";
 *
 * const nats = natsSubscriber({ servers: "nats://127.0.0.1:4222" });
 * for await (const message of await nats.subscribe("orders", { group: "billing" })) {
 *   console.log(message.text());
 *   message.ack();
 * }
 * ```
 */
export function natsSubscriber(options: NatsTransportOptions): Subscriber {
  return subscriber(natsTransport(options), { closeTransport: true });
}
