import type { Message, Subscriber } from "@beat/beat/message";
import { StandardWebhook } from "../standard_webhooks.ts";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** What a request of a test differs in from an ordinary one. */
export interface RequestChanges {
  method?: string;
  path?: string;
  id?: string;
  secret?: string | undefined;
  /** Milliseconds that the sender's clock is ahead. */
  ahead?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** What is signed, if it is not the body. */
  signed?: string;
}

let lastId = 0;

/** A signed request. */
export async function webhook(changes: RequestChanges = {}): Promise<Request> {
  const { method = "POST", path = "/orders", id = `msg_${++lastId}`, body = "hello" } = changes;
  const { ahead = 0, headers = {} } = changes;
  const secret = "secret" in changes ? changes.secret : SECRET;
  const bytes = (value: string | Uint8Array) =>
    typeof value === "string" ? new TextEncoder().encode(value) : value;
  const content = bytes(changes.signed ?? (body instanceof ReadableStream ? "" : body));
  const signature = secret === undefined
    ? {}
    : await new StandardWebhook(secret).sign(id, content, new Date(Date.now() + ahead));
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://receiver.test${path}`, {
    method,
    headers: { "content-type": "application/json", ...signature, ...headers },
    ...(hasBody && {
      body: (body instanceof ReadableStream ? body : bytes(body)) as BodyInit,
      duplex: "half",
    }),
  } as RequestInit);
}

/** Subscribes, and gives each message to a handler; what it leaves unsettled stays so. */
export async function consume(
  subscriber: Subscriber,
  topic: string,
  handler: (message: Message) => void,
): Promise<void> {
  const stream = await subscriber.subscribe(topic, { prefetch: 64 });
  void (async () => {
    for await (const message of { [Symbol.asyncIterator]: () => eager(stream) }) handler(message);
  })();
}

/** Asks for the next messages before the last are settled. */
function eager(stream: AsyncIterable<Message>): AsyncIterator<Message> {
  return stream[Symbol.asyncIterator]();
}
