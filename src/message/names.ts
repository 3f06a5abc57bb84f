import { refuse, show } from "../options/refusal.ts";
import type { Rec } from "./rec.ts";

const TOPIC = /^(?=.{1,200}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const HEADER_NAME = /^[A-Za-z0-9_.-]+$/;
/** What no header carries: ends of lines, NUL, and what UTF-8 has no bytes for. */
const FORBIDDEN_IN_VALUE = /[\r\n\0]|\p{Surrogate}/u;

const TOPIC_RULE =
  "1 to 200 characters of A-Z, a-z, 0-9, '_' and '-', in segments divided by single dots";

/**
 * Refuses a name that some broker could not carry as a topic.
 *
 * @throws {TypeError} If it is no string.
 * @throws {RangeError} If it is not 1 to 200 characters `[A-Za-z0-9._-]` in non-empty segments.
 *
 * @example A malformed topic
 * ```ts
 * import { checkTopic } from "@beat/beat/message";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => checkTopic("publish", "orders..paid"), RangeError, "'orders..paid'");
 * ```
 */
export function checkTopic(action: string, topic: string): void {
  if (typeof topic !== "string") refuse(action, "topic", "a string", topic);
  if (!TOPIC.test(topic)) {
    throw new RangeError(
      `Cannot ${action} as 'topic' must be ${TOPIC_RULE}: current value is ${show(topic)}`,
    );
  }
}

/**
 * Refuses headers that some broker could not carry.
 *
 * @throws {RangeError} If a name is not `[A-Za-z0-9_.-]+`, or a value holds CR, LF, NUL or a lone surrogate.
 */
export function checkHeaders(action: string, headers: Rec["headers"]): void {
  for (const [name, value] of headers) {
    if (typeof name !== "string") refuse(action, "name of metadata", "a string", name);
    if (!HEADER_NAME.test(name)) {
      throw new RangeError(
        `Cannot ${action} as the name of metadata must be made of A-Z, a-z, 0-9, '_', '.' and '-': current value is ${
          show(name)
        }`,
      );
    }
    if (typeof value !== "string") refuse(action, `metadata ${name}`, "a string", value);
    if (FORBIDDEN_IN_VALUE.test(value)) {
      throw new RangeError(
        `Cannot ${action} as metadata '${name}' must have no CR, LF, NUL and lone surrogates: current value is ${
          show(value)
        }`,
      );
    }
  }
}

/**
 * A foreign header name as one that {@linkcode checkHeaders} accepts: other characters become
 * `_x<hex>_`, for example a space `_x20_`.
 */
export function safeHeaderName(name: string): string {
  if (HEADER_NAME.test(name)) return name;
  const escaped = name.replace(
    /[^A-Za-z0-9_.-]/gu,
    (character) => `_x${character.codePointAt(0)!.toString(16)}_`,
  );
  return escaped === "" ? "_x_" : escaped;
}

/**
 * A foreign header value as one that {@linkcode checkHeaders} accepts: CR, LF and NUL become spaces,
 * lone surrogates U+FFFD.
 */
export function safeHeaderValue(value: string): string {
  return FORBIDDEN_IN_VALUE.test(value) ? value.replace(/[\r\n\0]/g, " ").toWellFormed() : value;
}
