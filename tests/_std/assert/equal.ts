/** Tells whether two values are deeply equal; `NaN` equals itself, `0` equals `-0`. */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

// Pairs being compared further up: meeting one again means a cycle of the same shape.
type Pairs = Map<object, Set<object>>;

function compare(a: unknown, b: unknown, open: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (!sameKind(a, b)) return false;

  const partners = open.get(a);
  if (partners?.has(b)) return true;
  if (partners) partners.add(b);
  else open.set(a, new Set([b]));

  const same = compareContent(a, b, open) && compareProperties(a, b, open);
  open.get(a)!.delete(b);
  return same;
}

function sameKind(a: object, b: object): boolean {
  const left = Object.getPrototypeOf(a);
  const right = Object.getPrototypeOf(b);
  if (left === right) return true;
  // An object without prototype is as good as a plain one.
  return (left === null && right === Object.prototype) ||
    (right === null && left === Object.prototype);
}

function compareContent(a: object, b: object, open: Pairs): boolean {
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Error) return compareErrors(a, b as Error, open);
  if (a instanceof Set) return compareSets(a, b as Set<unknown>, open);
  if (a instanceof Map) return compareMaps(a, b as Map<unknown, unknown>, open);
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) return false;
  if (a instanceof WeakRef) return compare(a.deref(), (b as WeakRef<object>).deref(), open);
  if (isBuffer(a)) return compareBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (a instanceof DataView) return compareBytes(bytesOf(a), bytesOf(b as DataView));
  if (isBoxed(a)) return Object.is(a.valueOf(), b.valueOf());
  return true;
}

function compareErrors(a: Error, b: Error, open: Pairs): boolean {
  return a.name === b.name && a.message === b.message && compare(a.cause, b.cause, open);
}

function compareSets(a: Set<unknown>, b: Set<unknown>, open: Pairs): boolean {
  if (a.size !== b.size) return false;
  const unmatched = [...b].filter((item) => !a.has(item));
  return [...a].filter((item) => !b.has(item)).every((item) => takeEqual(item, unmatched, open));
}

function compareMaps(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  open: Pairs,
): boolean {
  if (a.size !== b.size) return false;
  const unmatched = [...b].filter(([key]) => !a.has(key));
  for (const entry of a) {
    const [key, value] = entry;
    const same = b.has(key) ? compare(value, b.get(key), open) : takeEqual(entry, unmatched, open);
    if (!same) return false;
  }
  return true;
}

function takeEqual(item: unknown, candidates: unknown[], open: Pairs): boolean {
  const index = candidates.findIndex((candidate) => compare(item, candidate, open));
  if (index === -1) return false;
  candidates.splice(index, 1);
  return true;
}

function compareProperties(a: object, b: object, open: Pairs): boolean {
  const keys = enumerableKeys(a);
  if (keys.length !== enumerableKeys(b).length) return false;
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  return keys.every((key) =>
    Object.prototype.propertyIsEnumerable.call(b, key) &&
    compare(Reflect.get(a, key), Reflect.get(b, key), open)
  );
}

function enumerableKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
}

function isBuffer(value: object): value is ArrayBuffer {
  return value instanceof ArrayBuffer ||
    // Browsers hide the constructor from pages that are not cross-origin isolated.
    (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer);
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function compareBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
