import type { Produced } from "../message/handler.ts";
import { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import { refuse, show } from "../options/refusal.ts";
import { accessOf } from "../transport/publisher_access.ts";
import type { RoutedHandler } from "./routed_handler.ts";

/** Handlings with a topic that has not confirmed that are remembered at most. */
const REMEMBERED = 10_000;

/**
 * Publishes what a handler produced, each topic's messages in one call. A handling that is repeated
 * because a topic did not confirm publishes to that topic only: the others have it.
 */
export class Production {
  readonly #handler: RoutedHandler;
  readonly #confirmed = new Map<string, Set<string>>();

  constructor(handler: RoutedHandler) {
    this.#handler = handler;
  }

  /** Nothing to do returns nothing, so that synchronous handlers stay so. */
  publish(produced: Produced, causes: readonly Message[]): void | Promise<void> {
    if (produced === undefined) return;
    const list = produced instanceof Message ? [produced] : produced;
    if (!Array.isArray(list) || !list.every((one) => one instanceof Message)) {
      refuse(`publish what handler '${this.#handler.name}' produced`, "result", RESULT, produced);
    }
    if (list.length > 0) return this.#publish(this.#byTopic(list), causes);
  }

  /** No repetition follows: what was confirmed need not be known. */
  forget(causes: readonly Message[]): void {
    if (this.#confirmed.size > 0) this.#confirmed.delete(identify(causes));
  }

  async #publish(
    topics: ReadonlyMap<string, readonly Message[]>,
    causes: readonly Message[],
  ): Promise<void> {
    const access = accessOf(this.#handler.parts.publisher!);
    const id = identify(causes);
    const before = this.#confirmed.get(id);
    const confirmed = new Set(before);
    try {
      for (const [topic, messages] of topics) {
        if (confirmed.has(topic)) continue;
        await access.publish(topic, messages, {});
        confirmed.add(topic);
      }
      if (before !== undefined) this.#confirmed.delete(id);
    } catch (error) {
      if (confirmed.size > 0) this.#remember(id, confirmed);
      throw error;
    }
  }

  #remember(id: string, confirmed: Set<string>): void {
    this.#confirmed.set(id, confirmed);
    if (this.#confirmed.size <= REMEMBERED) return;
    const [oldest] = this.#confirmed.keys();
    this.#confirmed.delete(oldest!);
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

function identify(causes: readonly Message[]): string {
  return causes.length === 1 ? causes[0]!.uuid : causes.map(({ uuid }) => uuid).join(" ");
}
