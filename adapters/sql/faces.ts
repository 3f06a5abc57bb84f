import type { Publisher, Subscriber } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";
import type { SqlTransportOptions } from "./options.ts";
import { sqlTransport } from "./sql_transport.ts";

/**
 * Publishes into a database. The connection stays open when it is closed.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export function sqlPublisher(options: SqlTransportOptions): Publisher {
  return publisher(sqlTransport(options));
}

/**
 * Subscribes to topics in a database. The connection stays open when it is closed.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 */
export function sqlSubscriber(options: SqlTransportOptions): Subscriber {
  return subscriber(sqlTransport(options));
}
