import { Message, newUuid } from "@beat/beat/message";
import { loadDeliveries } from "../deliveries.ts";
import { isUrgent } from "./payload.ts";

/** One webhook as it will be posted, and what should become of it. */
export interface Post {
  readonly message: Message;
  readonly urgent: boolean;
  readonly poison: boolean;
}

/** All recorded payloads of GitHub as messages, each with the name of its event and its number. */
export function makePosts(): Post[] {
  return loadDeliveries().map(({ name, action, event }, sequence) => {
    const metadata = {
      event: action === undefined ? name : `${name}.${action}`,
      delivery: newUuid(),
      sequence: String(sequence + 1),
      posted_at: String(performance.timeOrigin + performance.now()),
    };
    const urgent = isUrgent(metadata.event);
    const poison = !urgent && name.startsWith("check_");
    return { message: Message.json(event.data, { uuid: newUuid(), metadata }), urgent, poison };
  });
}

/** The same delivery of GitHub in another webhook, as its "Redeliver" sends it. */
export function redelivery({ payload, metadata }: Message): Message {
  return new Message(payload, { uuid: newUuid(), metadata: new Map(metadata) });
}

/** What is signed and no payload of GitHub. */
export function makeInvalid(): Message[] {
  return ["[]", "7", '"text"'].map((text) =>
    new Message(text, { metadata: { event: "invalid", delivery: newUuid() } })
  );
}
