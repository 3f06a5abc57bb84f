import { PatternError, show } from "./errors.ts";

/** More segments than this and `on` refuses the pattern. Event types may have any number. */
export const MAX_SEGMENTS = 64;

/**
 * Splits a pattern into its segments and refuses a malformed one.
 *
 * @throws {TypeError} If `pattern` is not a string.
 * @throws {PatternError} If it is empty, has an empty segment, a partial star or too many segments.
 */
export function parsePattern(pattern: string): string[] {
  if (typeof pattern !== "string") {
    throw new TypeError(
      `Cannot subscribe as 'pattern' must be a string: current value is ${show(pattern)}`,
    );
  }
  if (pattern === "") throw new PatternError(pattern, "it must not be empty", 0);
  const segments = pattern.split(".");
  let position = 0;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i];
    if (segment === "") throw new PatternError(pattern, "a segment must not be empty", position);
    if (i === MAX_SEGMENTS) {
      throw new PatternError(pattern, `it must have at most ${MAX_SEGMENTS} segments`, position);
    }
    const star = segment.indexOf("*");
    if (star >= 0 && segment !== "*" && segment !== "**") {
      throw new PatternError(
        pattern,
        "a star must be a whole segment, '*' or '**'",
        position + star,
      );
    }
    position += segment.length + 1;
  }
  return segments;
}

/** Whether a parsed pattern matches more than the one type that it spells. */
export function hasWildcard(segments: readonly string[]): boolean {
  return segments.some((segment) => segment === "*" || segment === "**");
}
