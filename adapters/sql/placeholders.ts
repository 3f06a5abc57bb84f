/** Remembered, as the same few statements come again and again. */
const known = new Map<string, string>();
const CAPACITY = 512;

/** A statement with `?` for its values as one with `$1`, `$2`, …; it has no `?` elsewhere. */
export function numbered(sql: string): string {
  let result = known.get(sql);
  if (result === undefined) {
    let count = 0;
    result = sql.replace(/\?/g, () => `$${++count}`);
    if (known.size >= CAPACITY) known.clear();
    known.set(sql, result);
  }
  return result;
}

/** Placeholders for values. The count is a power of two, so that there are few different statements. */
export function list(values: readonly unknown[]): string {
  return `(${padded(values).map(() => "?").join(", ")})`;
}

/** Values with the last one repeated until the count is that of {@linkcode list}. */
export function padded<T>(values: readonly T[]): T[] {
  const size = 2 ** Math.ceil(Math.log2(values.length));
  return Array.from({ length: size }, (_, at) => values[Math.min(at, values.length - 1)]!);
}
