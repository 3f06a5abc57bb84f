/** Webhooks that are remembered. */
const REMEMBERED = 10_000;

/**
 * The topics under which signed webhooks were handled. No signature covers a topic: the same id under
 * another one is a captured webhook, or a message that was published to two topics under one uuid, and
 * whoever sent that must hear of it. It is known in this process only, and of the last ten thousand.
 */
export class TopicMemory {
  readonly #topics = new Map<string, string>();

  /** What was handled. */
  remember(key: string, topic: string): void {
    this.#topics.set(key, topic);
    if (this.#topics.size <= REMEMBERED) return;
    const [oldest] = this.#topics.keys();
    this.#topics.delete(oldest!);
  }

  /** Whether it is known to have been handled under another topic. */
  isOther(key: string, topic: string): boolean {
    const known = this.#topics.get(key);
    return known !== undefined && known !== topic;
  }
}
