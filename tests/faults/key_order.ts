/** A message as it was handled: its key, and its number within the key, 0 first. */
export type Handled = readonly [key: string, number: number];

/** What a log of a group tells of the order of its keys. */
export interface KeyOrder {
  /** What came out of its turn. What was handled and not acked may come once more. */
  readonly faults: readonly string[];
  /** The last number of each key. */
  readonly last: ReadonlyMap<string, number>;
}

/** Reads a log that all members of a group have written. */
export function readKeyOrder(log: Iterable<Handled>): KeyOrder {
  const last = new Map<string, number>();
  const faults: string[] = [];
  for (const [key, number] of log) {
    const before = last.get(key) ?? -1;
    if (number !== before && number !== before + 1) {
      faults.push(`${key}: ${number} after ${before}`);
    }
    last.set(key, number);
  }
  return { faults, last };
}
