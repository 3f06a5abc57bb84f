import type { Subscriber } from "@beat/beat/message";
import { subscriber } from "@beat/beat/transport";
import type { WebhookSubscriberOptions } from "./options.ts";
import { createTransport, type WebhookReceiver } from "./webhook_transport.ts";

/** A subscriber whose messages come by HTTP. */
export interface WebhookSubscriber extends Subscriber, WebhookReceiver {}

/**
 * A subscriber that gets its messages from webhooks. The sender is answered when a message is settled:
 * 204 after an ack, 503 after a nack or when it takes longer than `ackTimeout`, so that it sends again.
 *
 * Each topic has one subscription. Nothing is kept: what comes while there is none gets 503, and 404 if
 * others have one and its topic never had.
 *
 * @throws {TypeError | RangeError} If an option is unknown, malformed, missing or of no effect.
 *
 * @example A webhook that is received and acked
 * ```ts
 * import { StandardWebhook, webhookSubscriber } from "@beat/http";
 * import { assertEquals } from "@std/assert";
 *
 * const secrets = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
 * const hooks = webhookSubscriber({ secrets });
 * const orders = await hooks.subscribe("orders");
 *
 * const body = new TextEncoder().encode('{"total":12}');
 * const headers = { ...await new StandardWebhook(secrets).sign("msg_1", body) };
 * const request = new Request("http://localhost/orders", { method: "POST", headers, body });
 * const answer = hooks.fetch(request);
 * for await (const message of orders) {
 *   assertEquals(message.json(), { total: 12 });
 *   message.ack();
 *   break;
 * }
 * assertEquals((await answer).status, 204);
 * await hooks.close();
 * ```
 */
export function webhookSubscriber(options: WebhookSubscriberOptions): WebhookSubscriber {
  const transport = createTransport(options, "subscriber");
  const { app, fetch, listen } = transport;
  return Object.assign(subscriber(transport, { closeTransport: true }), { app, fetch, listen });
}
