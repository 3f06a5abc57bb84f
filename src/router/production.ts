import type { Codec } from "../message/codec.ts";
import type { Produced } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import { refuse, show } from "../options/refusal.ts";
import type { FailedAttempt } from "../transport/consume_options.ts";
import { accessOf } from "../transport/publisher_access.ts";
import { Confirmations } from "./confirmations.ts";
import type { RoutedHandler } from "./routed_handler.ts";

/**
 * Publishes what a handler produced, each topic's messages in one call. A handling that is repeated
 * because a topic did not confirm publishes to that topic only, until its messages are done with: the
 * others have it.
 */
export class Production {
  readonly #handler: RoutedHandler;
  readonly #confirmations = new Confirmations();

  constructor(handler: RoutedHandler) {
    this.#handler = handler;
  }

  /** The codec by which the handler has to get its messages. */
  follow(codec: Codec): Codec {
    return this.#handler.parts.publisher === undefined ? codec : this.#confirmations.follow(codec);
  }

  /** The handler is called with these. */
  begin(causes: readonly Message[]): void {
    if (this.#handler.parts.publisher !== undefined) this.#confirmations.begin(causes);
  }

  /** What is discarded or dead-lettered is not handled again. */
  failed({ message, verdict: { kind } }: FailedAttempt): void {
    if (kind === "dead-letter" || kind === "discard") this.#confirmations.giveUp(message);
  }

  /** Nothing to do returns nothing, so that synchronous handlers stay so. */
  publish(produced: Produced, causes: readonly Message[]): void | Promise<void> {
    if (produced === undefined) return this.#confirmations.end(causes);
    const list = produced instanceof Message ? [produced] : produced;
    if (!Array.isArray(list) || !list.every((one) => one instanceof Message)) {
      refuse(`publish what handler '${this.#handler.name}' produced`, "result", RESULT, produced);
    }
    return list.length === 0
      ? this.#confirmations.end(causes)
      : this.#publish(this.#byTopic(list), causes);
  }

  async #publish(
    topics: ReadonlyMap<string, readonly Message[]>,
    causes: readonly Message[],
  ): Promise<void> {
    const access = accessOf(this.#handler.parts.publisher!);
    const confirmed = this.#confirmations.of(causes);
    try {
      for (const [topic, messages] of topics) {
        if (confirmed.has(topic)) continue;
        await access.publish(topic, messages, {});
        confirmed.add(topic);
      }
    } catch (error) {
      this.#confirmations.keep(causes, confirmed);
      throw error;
    }
    this.#confirmations.end(causes);
  }

  #byTopic(messages: readonly Message[]): Map<string, Message[]> {
    const { name, outTopic, parts, settings } = this.#handler;
    const topics = new Map<string, Message[]>();
    for (const message of messages) {
      const topic = settings.route?.(message) || outTopic;
      if (topic === undefined || parts.publisher === undefined) {
        throw new TypeError(
          `Cannot publish what handler ${
            show(name)
          } produced as it has no destination: use 'handle' with a topic and a publisher`,
        );
      }
      checkTopic(`publish what handler ${show(name)} produced`, topic);
      const list = topics.get(topic);
      if (list === undefined) topics.set(topic, [message]);
      else list.push(message);
    }
    return topics;
  }
}

const RESULT = "nothing, a Message or an array of Messages";
