/**
 * Webhooks as a transport of `@beat/beat`: signed by Standard Webhooks, in CloudEvents or plain.
 *
 * ```ts
 * import { StandardWebhook } from "@beat/http";
 *
 * const webhook = new StandardWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
 * const headers = await webhook.sign("msg_1", new TextEncoder().encode("{}"));
 * console.log(headers["webhook-signature"]);
 * ```
 *
 * @module
 */

export { webhookPublisher } from "./webhook_publisher.ts";
export { type WebhookSubscriber, webhookSubscriber } from "./webhook_subscriber.ts";
export {
  type WebhookApp,
  type WebhookReceiver,
  type WebhookTransport,
  webhookTransport,
} from "./webhook_transport.ts";
export type {
  EndpointBreakerOptions,
  SigningOptions,
  WebhookPublisherOptions,
  WebhookSubscriberOptions,
  WebhookTransportOptions,
} from "./options.ts";
export type { WebhookMode } from "./content.ts";
export type { ListenOptions, WebhookListener } from "./listen.ts";
export {
  type ReceivedHeaders,
  StandardWebhook,
  type StandardWebhookOptions,
  type WebhookHeaders,
} from "./standard_webhooks.ts";
export { standardWebhooks } from "./retry_schedule.ts";
export {
  EndpointCircuitOpenError,
  EndpointGoneError,
  RefusedAddressError,
  SignatureError,
  type SignatureFault,
  WebhookError,
  type WebhookErrorOptions,
  WebhookPathError,
} from "./errors.ts";
export { kvStore } from "./kv_store.ts";
export type {
  KvCheck,
  KvCommit,
  KvDatabase,
  KvEntry,
  KvStoreOptions,
  KvTransaction,
} from "./kv_store.ts";
