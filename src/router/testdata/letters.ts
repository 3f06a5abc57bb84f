import { Message } from "../../message/message.ts";
import type { World } from "./world.ts";

/** The topic of dead letters. */
export const DEAD = "orders.dead";

/** Milliseconds, where the end of a replay is nothing but the end of the test. */
export const IDLE = 20;

/** A dead letter whose uuid is its text. */
export function letter(text: string, metadata: Record<string, string> = {}): Message {
  // All in one partition, so that they come in their order.
  return new Message(text, {
    uuid: text,
    key: "k",
    metadata: { dlq_topic: "orders", dlq_reason: "Error: no", ...metadata },
  });
}

/** The payloads of a topic, in their order. */
export function textsOf({ broker }: World, topic: string): string[] {
  return broker.history(topic).map(({ payload }) => new TextDecoder().decode(payload));
}
