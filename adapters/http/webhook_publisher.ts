import type { Publisher } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import type { WebhookPublisherOptions } from "./options.ts";
import { createTransport } from "./webhook_transport.ts";

/**
 * A publisher that posts each message, signed as Standard Webhooks has it. `publish` makes up to three
 * quick attempts within `timeout`; then it rejects with a `PublishError` whose causes are
 * {@linkcode WebhookError}s, {@linkcode EndpointGoneError}s, or say what could not be written. The long
 * schedule of webhooks is {@linkcode standardWebhooks}, on a Router handler behind a durable transport.
 *
 * It sends to `https:` and to addresses of the internet only, unless `insecureHttp` and `allow` open
 * more, and follows no redirect.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed, missing or of no effect.
 * @throws {RefusedAddressError} If the URL is at a reserved address.
 *
 * @example A webhook to somebody's server
 * ```ts ignore
 * import { Message } from "@beat/beat/message";
 * import { webhookPublisher } from "@beat/http";
 *
 * const hooks = webhookPublisher({
 *   url: "https://hooks.example.com/in",
 *   secrets: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
 * });
 * await hooks.publish("orders.paid", Message.json({ total: 12 }));
 * ```
 */
export function webhookPublisher(options: WebhookPublisherOptions): Publisher {
  return publisher(createTransport(options, "publisher"), { closeTransport: true });
}
