/** What a torture has found. */
export interface TortureReport {
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
