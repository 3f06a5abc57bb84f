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
  let count = 0;
  for (const segment of pattern.split(".")) {
    const star = segment.indexOf("*");
    let rule;
    if (segment === "") rule = "a segment must not be empty";
    if (++count > MAX_SEGMENTS) rule = `it must have at most ${MAX_SEGMENTS} segments`;
    if (star >= 0 && segment !== "*" && segment !== "**") rule = "a star must be a whole segment";
    if (rule !== undefined) throw new PatternError(pattern, rule, position + Math.max(star, 0));
    position += segment.length + 1;
  }
}

/** Whether a well-formed pattern matches more than the one type that it spells. */
export function hasWildcard(pattern: string): boolean {
  // Takes what is no string, too: whoever asks before that is checked goes on to where it is.
  return /\*/.test(pattern);
}
