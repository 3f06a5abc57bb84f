/** Messages that are remembered; the oldest is forgotten first. */
const REMEMBERED = 10_000;

/**
 * When messages failed first that went back to their broker, which counts deliveries and knows no times.
 * It is known in this process only, and of the last ten thousand.
 */
export class FirstFailures {
  readonly #times = new Map<string, number>();

  /** Notes a message that goes back. */
  keep(id: string, time: number): void {
    this.#times.delete(id);
    this.#times.set(id, time);
    if (this.#times.size <= REMEMBERED) return;
    const [oldest] = this.#times.keys();
    this.#times.delete(oldest!);
  }

  /** The time of one that is here again, in milliseconds since 1970; 0 if it is not known. */
  take(id: string): number {
    const time = this.#times.get(id) ?? 0;
    this.#times.delete(id);
    return time;
  }
}
