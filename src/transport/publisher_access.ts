import type { Publisher, PublishOptions } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import type { Transport } from "./port.ts";

/** What a publishing inside the house has beside its signal. */
export interface AccessOptions extends PublishOptions {
  /** How the publishing of each message is identified, where that is not by topic and id. */
  identify?: (message: Message) => string;
}

/** What a router or a replay needs of a publisher that its users do not. */
export interface PublisherAccess {
  /** Where it publishes; unknown of a publisher that was not made here. */
  readonly transport?: Transport;
  /** Publishes under identities of its own; a publisher that was not made here has no use for them. */
  publish(topic: string, messages: readonly Message[], options: AccessOptions): Promise<void>;
  /** The record that would be published, for a source that publishes and acks in one step. */
  encode?(topic: string, message: Message): Rec;
}

const accesses = new WeakMap<Publisher, PublisherAccess>();

/** Opens a publisher to {@linkcode accessOf}. */
export function grantAccess(publisher: Publisher, access: PublisherAccess): void {
  accesses.set(publisher, access);
}

/** The inside of a publisher; of a user's own one, what its outside allows. */
export function accessOf(publisher: Publisher): PublisherAccess {
  return accesses.get(publisher) ?? {
    publish: (topic, messages, { signal }) =>
      publisher.publish(topic, messages, signal === undefined ? {} : { signal }),
  };
}

/** The transport behind a publisher that was made here. */
export function transportOf(publisher: Publisher): Transport | undefined {
  return accesses.get(publisher)?.transport;
}
