import type { Message, Subscriber } from "@beat/beat/message";

/** Milliseconds without a message after which there are no more. */
const QUIET = 2_000;

/** The first `count` messages of a topic, or as many as there are. */
export async function readAll(
  subscriber: Subscriber,
  topic: string,
  count: number,
): Promise<Message[]> {
  const found: Message[] = [];
  if (count === 0) return found;
  const stream = await subscriber.subscribe(topic, { from: "earliest" });
  let timer = setTimeout(() => stream.close(), QUIET);
  for await (const message of stream) {
    message.ack();
    clearTimeout(timer);
    if (found.push(message) === count) break;
    timer = setTimeout(() => stream.close(), QUIET);
  }
  clearTimeout(timer);
  return found;
}
