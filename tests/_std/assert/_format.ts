const MAX_DEPTH = 12;

/** Writes any value as text of one item a line, the same on every runtime. */
export function format(value: unknown): string {
  return write(value, "", []);
}

function write(value: unknown, indent: string, above: object[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "function") return `[Function ${value.name || "(anonymous)"}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (above.includes(value)) return "[Circular]";
  if (above.length >= MAX_DEPTH) return "…";
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  }
  if (value instanceof RegExp) return String(value);
  return writeObject(value, indent, [...above, value]);
}

function writeObject(value: object, indent: string, above: object[]): string {
  const inner = `${indent}  `;
  const item = (part: unknown): string => write(part, inner, above);
  const parts: string[] = [];
  let brackets: [string, string] = ["{", "}"];
  let name = nameOf(value);

  if (Array.isArray(value) || isTypedArray(value)) {
    brackets = ["[", "]"];
    parts.push(...Array.from(value as ArrayLike<unknown>, item));
    if (Array.isArray(value) && name === "Array") name = "";
  } else if (value instanceof Set) {
    parts.push(...[...value].map(item));
  } else if (value instanceof Map) {
    parts.push(...[...value].map(([key, entry]) => `${item(key)} => ${item(entry)}`));
  } else if (value instanceof Error) {
    parts.push(`message: ${item(value.message)}`);
    if (value.cause !== undefined) parts.push(`cause: ${item(value.cause)}`);
  }
  if (!isTypedArray(value)) parts.push(...properties(value, item));

  const prefix = name === "" || name === "Object" ? "" : `${name} `;
  if (parts.length === 0) return `${prefix}${brackets.join("")}`;
  const lines = parts.map((part) => `${inner}${part},\n`).join("");
  return `${prefix}${brackets[0]}\n${lines}${indent}${brackets[1]}`;
}

function properties(value: object, item: (part: unknown) => string): string[] {
  const keys = Reflect.ownKeys(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))
    .filter((key) => !(Array.isArray(value) && typeof key === "string" && /^\d+$/.test(key)))
    .sort((a, b) => String(a) < String(b) ? -1 : 1);
  return keys.map((key) => `${writeKey(key)}: ${item(Reflect.get(value, key))}`);
}

function writeKey(key: string | symbol): string {
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? key : JSON.stringify(key);
}

function nameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return "";
  return value instanceof Error ? value.name : prototype.constructor?.name ?? "";
}

function isTypedArray(value: object): boolean {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
