/** Failed webhooks that are remembered. */
const REMEMBERED = 10_000;

/**
 * How often webhooks came that were not acked yet: senders do not tell. It is known in this process
 * only, and of the last ten thousand.
 */
export class DeliveryCounts {
  readonly #failed = new Map<string, number>();

  /** The number of the delivery that comes now, 1 first. */
  of(key: string): number {
    // A look that finds nothing reads the whole key all the same.
    return this.#failed.size === 0 ? 1 : (this.#failed.get(key) ?? 0) + 1;
  }

  /** A handler had it, and it will come again. */
  failed(key: string): void {
    const count = this.of(key);
    this.#failed.delete(key);
    this.#failed.set(key, count);
    if (this.#failed.size > REMEMBERED) {
      const [oldest] = this.#failed.keys();
      this.#failed.delete(oldest!);
    }
  }

  /** It will not come again. */
  done(key: string): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
  }
}
