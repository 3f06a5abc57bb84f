import type { Message } from "@beat/beat/message";
import type { WebhookSubscriberOptions } from "../options.ts";
import { webhookSubscriber } from "../webhook_subscriber.ts";
import { consume, type RequestChanges, SECRET, webhook } from "./requests.ts";

/** A receiver of the topic "orders" with what it delivered. */
export async function receiver(
  options: Partial<WebhookSubscriberOptions> = {},
  handler: (message: Message) => void = (message) => message.ack(),
) {
  const signing = options.unsigned ? {} : { secrets: SECRET };
  const hooks = webhookSubscriber({ ...signing, ...options });
  const delivered: Message[] = [];
  await consume(hooks, "orders", (message) => {
    delivered.push(message);
    handler(message);
  });
  const send = async (changes: RequestChanges = {}) => {
    const response = await hooks.fetch(await webhook(changes));
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { hooks, delivered, send, close: () => hooks.close({ timeout: 100 }) };
}

/** An event. */
export const EVENT = {
  specversion: "1.0",
  id: "e1",
  source: "/shop",
  type: "paid",
  data: { total: 1 },
};
/** The header of an event in JSON. */
export const STRUCTURED = { "content-type": "application/cloudevents+json" };
/** The header of a batch. */
export const BATCH = { "content-type": "application/cloudevents-batch+json" };

/** An event with so many arrays in each other. */
export function deep(levels: number): string {
  return JSON.stringify({ ...EVENT, data: null }).replace(
    "null",
    "[".repeat(levels) + "]".repeat(levels),
  );
}

/** A body that gives these chunks and then, if it does not end, nothing. */
export function chunked(chunks: Iterable<string>, ends = true): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (!done) controller.enqueue(new TextEncoder().encode(value));
      else if (ends) controller.close();
      else return new Promise(() => {});
    },
  });
}

/** Waits until something holds that other promises bring about. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
