import { seeded } from "../../src/ring/_stepped.ts";

/** Decisions of a seed. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** A number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.#next() * (high - low);
  }

  /** One of some. */
  pick<T>(some: readonly T[]): T {
    return some[Math.floor(this.#next() * some.length)]!;
  }
}
