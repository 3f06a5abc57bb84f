/**
 * Numbers from 0 to 1 that a seed decides: SFC32 from Chris Doty-Humphrey's PractRand, fifteen rounds of
 * which mix the seed in.
 */
export class Random {
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  /** Two integers of 32 bits: the same pair gives the same numbers. */
  constructor(seed: number, stream: number) {
    this.#b = seed | 0;
    this.#c = stream | 0;
    for (let round = 0; round < 15; round++) this.next();
  }

  /** The next number, at least 0 and below 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** True with a probability; it draws a number whatever the probability is. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
