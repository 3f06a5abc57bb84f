/** What a torture has found. */
export interface TortureReport {
  /** How many things were tried. */
  jobs: number;
  inDoubt: number;
  /** What must not be; empty if all is well. */
  faults: string[];
}

/** A checksum that tells where a byte stands (Adler-32). */
export function checksum(bytes: readonly number[]): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** Keeps the first faults: one that goes on for ever must not fill the memory. */
export class Faults {
  readonly list: string[] = [];

  add(fault: string): void {
    if (this.list.length < 20) this.list.push(fault);
  }

  /** Notes where a value is not what it should be. */
  expect(name: string, actual: unknown, expected: unknown): void {
    if (actual !== expected) this.add(`${name}: ${actual} instead of ${expected}`);
  }
}

/** Waits for a moment. */
export function sleep(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}
