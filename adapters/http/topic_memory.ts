/** Webhooks that are remembered. */
const REMEMBERED = 10_000;

/**
 * The topics under which signed webhooks were handled. No signature covers a topic: the same id under
 * another one is a captured webhook, or a message that was published to two topics under one uuid, and
 * whoever sent that must hear of it. It is known in this process only, and of the last ten thousand.
 */
export class TopicMemory {
  readonly #topics = new Map<string, string>();
  /**
   * The keys, each in a place that is taken by another when its time is over. A Map knows their order
   * too, but looking for its first entry passes over all that were deleted before it.
   */
  readonly #places: string[] = [];
  #next = 0;

  /** What was handled. */
  remember(key: string, topic: string): void {
    const isNew = !this.#topics.has(key);
    this.#topics.set(key, topic);
    if (!isNew) return;
    const oldest = this.#places[this.#next];
    if (oldest !== undefined) this.#topics.delete(oldest);
    this.#places[this.#next] = key;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** Whether it is known to have been handled under another topic. */
  isOther(key: string, topic: string): boolean {
    const known = this.#topics.get(key);
    return known !== undefined && known !== topic;
  }
}
