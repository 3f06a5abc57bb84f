import { PatternError } from "./errors.ts";

/** More segments than this and `on` refuses the pattern. Event types may have any number. */
export const MAX_SEGMENTS = 64;

/**
 * Refuses a malformed pattern.
 *
 * @throws {PatternError} If it has an empty segment (as the empty pattern does), a partial star or too many segments.
 */
export function checkPattern(pattern: string): void {
  let position = 0;
  pattern.split(".").forEach((segment, index) => {
    const star = segment.indexOf("*");
    const rule = segment === ""
      ? "a segment must not be empty"
      : index >= MAX_SEGMENTS
      ? `it must have at most ${MAX_SEGMENTS} segments`
      : star >= 0 && segment !== "*" && segment !== "**"
      ? "a star must be a whole segment"
      : undefined;
    if (rule !== undefined) throw new PatternError(pattern, rule, position + Math.max(star, 0));
    position += segment.length + 1;
  });
}

/** Whether a well-formed pattern matches more than the one type that it spells. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*");
}
