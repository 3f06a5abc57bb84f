import { Message, type Publisher, type PublishError } from "@beat/beat/message";
import type { WebhookError } from "../errors.ts";
import { serve, type WebhookListener } from "../listen.ts";
import type { WebhookPublisherOptions, WebhookSubscriberOptions } from "../options.ts";
import { webhookPublisher } from "../webhook_publisher.ts";
import { type WebhookSubscriber, webhookSubscriber } from "../webhook_subscriber.ts";
import { consume, SECRET } from "./requests.ts";

/** How to close what a test has opened. */
export const opened: (() => Promise<void>)[] = [];

/** Closes what a test has opened. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close().catch(() => {});
}

/** Opens what {@linkcode publisher} needs. */
export const LOCAL = { insecureHttp: true, allow: ["127.0.0.1/32"] };

/** A publisher to this machine. */
export function publisher(url: string, options: Partial<WebhookPublisherOptions> = {}): Publisher {
  const signing = options.unsigned ? {} : { secrets: SECRET };
  const made = webhookPublisher({ url, ...signing, ...LOCAL, ...options });
  opened.push(() => made.close({ timeout: 100 }));
  return made;
}

/** A receiver of the topic "orders" on a port, with what it delivered. */
export async function listening(
  options: Partial<WebhookSubscriberOptions> = {},
  handler: (message: Message) => void = (message) => message.ack(),
): Promise<{ hooks: WebhookSubscriber; url: string; port: number; delivered: Message[] }> {
  const signing = options.unsigned ? {} : { secrets: SECRET };
  const hooks = webhookSubscriber({ ...signing, ...options });
  opened.push(() => hooks.close({ timeout: 100 }));
  const delivered: Message[] = [];
  await consume(hooks, "orders", (message) => {
    delivered.push(message);
    handler(message);
  });
  const { url, port } = await hooks.listen();
  return { hooks, url, port, delivered };
}

/** A server that answers as it is told, and counts; `onRequest` hears of each request. */
export async function answering(answers: (Response | "never")[], onRequest?: () => void) {
  const requests: { headers: Headers; url: string }[] = [];
  const end = Promise.withResolvers<void>();
  const listener: WebhookListener = await serve(async (request) => {
    await request.arrayBuffer();
    requests.push({ headers: request.headers, url: request.url });
    onRequest?.();
    const answer = answers[Math.min(requests.length, answers.length) - 1]!;
    if (answer !== "never") return answer.clone();
    await end.promise;
    return new Response();
  });
  opened.push(() => {
    end.resolve();
    return listener.close();
  });
  return { url: listener.url, requests };
}

/** What one message failed with. */
export async function failureOf(
  hooks: Publisher,
): Promise<{ cause: WebhookError; outcome: string }> {
  const message = new Message("hello");
  const error = await hooks.publish("orders", message).catch((error: PublishError) => error);
  if (error === undefined) throw new Error("Publishing must fail");
  return error.failed[0] as unknown as { cause: WebhookError; outcome: string };
}
