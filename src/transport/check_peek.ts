import { checkTopic } from "../message/names.ts";
import { check, type Rule } from "../options/options.ts";

/** What a number of records at most must be. */
export const RECORD_LIMIT: Rule = [
  "an integer of at least 0, or Infinity",
  "number",
  (value: number) => value === Infinity || (Number.isSafeInteger(value) && value >= 0),
];

/**
 * Refuses what nobody can peek into, before a broker is asked: for who writes a transport.
 *
 * @throws {TypeError | RangeError} If the name of the topic or the limit is malformed.
 *
 * @example A malformed limit
 * ```ts
 * import { checkPeek } from "@beat/beat/transport";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => checkPeek("orders", -1), RangeError, "'limit' must be an integer");
 * ```
 */
export function checkPeek(topic: string, limit: number): void {
  checkTopic("peek into a topic", topic);
  check(`peek into '${topic}'`, "limit", limit, RECORD_LIMIT);
}
