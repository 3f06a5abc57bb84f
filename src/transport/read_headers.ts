import type { Rec } from "../message/rec.ts";

/**
 * The headers that a text of JSON holds: pairs of texts, or an object of them, as it is easier to write by
 * hand. Any other text is one header named `headers`: what nobody can read must not hold up what comes
 * after it.
 *
 * @example What we write, and what others do
 * ```ts
 * import { readHeaders } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readHeaders('[["tenant","north"]]'), [["tenant", "north"]]);
 * assertEquals(readHeaders('{"tenant":"north"}'), [["tenant", "north"]]);
 * assertEquals(readHeaders("tenant=north"), [["headers", "tenant=north"]]);
 * ```
 */
export function readHeaders(text: string): Rec["headers"] {
  if (text === "") return [];
  try {
    const value: unknown = JSON.parse(text);
    const pairs: unknown[] = Array.isArray(value) ? value : Object.entries(value as object);
    if (typeof value === "object" && pairs.every(isHeader)) return pairs;
  } catch {
    // Below.
  }
  return [["headers", text]];
}

/**
 * Whether something is a header: a name and a value, which are texts.
 *
 * @example What is one, and what is not
 * ```ts
 * import { isHeader } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([["a", "1"], ["a", 1], "a"].map(isHeader), [true, false, false]);
 * ```
 */
export function isHeader(value: unknown): value is readonly [name: string, value: string] {
  return Array.isArray(value) && value.length === 2 &&
    value.every((part) => typeof part === "string");
}
