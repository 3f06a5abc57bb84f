import { after } from "../transport/timer.ts";

/** Milliseconds by which timers come late: what is gained meanwhile goes to those who wait. */
const LATE = 20;

/** Lets one through every `gap` milliseconds, and up to `burst` at once after a quiet while. */
export class TokenBucket {
  readonly #gap: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number | undefined;
  #cancel: (() => void) | undefined;
  /** Those who wait, the first of them first. */
  readonly #waiting = new Set<() => void>();

  /** Creates a full bucket. */
  constructor(gap: number, burst: number) {
    this.#gap = gap;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token, if there is one and nobody waits for it. */
  tryTake(): boolean {
    if (this.#waiting.size > 0) return false;
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Waits for a token; the function given back leaves the queue. */
  wait(ready: () => void): () => void {
    this.#waiting.add(ready);
    this.#arm();
    return () => {
      this.#waiting.delete(ready);
      if (this.#waiting.size === 0) this.#disarm();
    };
  }

  #refill(): void {
    const now = performance.now();
    const gained = (now - (this.#refilledAt ?? now)) / this.#gap;
    const isWanted = this.#waiting.size > 0;
    const most = isWanted ? Math.max(this.#burst, LATE / this.#gap) : this.#burst;
    this.#tokens = Math.min(most, this.#tokens + gained);
    this.#refilledAt = now;
  }

  #arm(): void {
    if (this.#cancel !== undefined) return;
    this.#refill();
    const ms = Math.max(0, 1 - this.#tokens) * this.#gap;
    this.#cancel = after(Math.ceil(ms), () => this.#serve());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #serve(): void {
    this.#cancel = undefined;
    this.#refill();
    for (const ready of this.#waiting) {
      if (this.#tokens < 1) break;
      this.#tokens--;
      this.#waiting.delete(ready);
      ready();
    }
    if (this.#waiting.size > 0) this.#arm();
  }
}
