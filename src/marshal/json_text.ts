/**
 * Reads JSON without losing how it was written: `JSON.parse` alone would turn `1.0` into `1`, and
 * `12345678901234567890` into another number.
 *
 * @module
 */

/** How deep arrays and objects may stand in each other in a document that is read. */
export const MAX_DEPTH = 128;

/** How deep a payload may be that is written as JSON: an envelope, and a batch of them, come around it. */
const MAX_PAYLOAD_DEPTH = MAX_DEPTH - 2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The value of a JSON text.
 *
 * @throws {RangeError} If it is deeper than `maxDepth`.
 * @throws {SyntaxError} If it is no JSON.
 */
export function parseJson(text: string, maxDepth: number): unknown {
  // Before JSON.parse, which recurses on some engines, and so do those who use its value.
  const depth = walk(text);
  if (depth > maxDepth) {
    throw new RangeError(`its JSON must be at most ${maxDepth} levels deep: there are ${depth}`);
  }
  return JSON.parse(text);
}

/** Whether a text can stand in a JSON document as it is, and be taken out of it again. */
export function isJsonValue(text: string): boolean {
  // White space around a value would not be told from that of the document.
  if (text !== text.trim()) return false;
  try {
    parseJson(text, MAX_PAYLOAD_DEPTH);
    return true;
  } catch {
    return false;
  }
}

/** The texts of the items of a JSON array, which must be valid. */
export function itemsOf(json: string): string[] {
  const start = json.indexOf("[") + 1;
  return split(json, start, json.lastIndexOf("]"));
}

/** The texts of the values of a JSON object, which must be valid, by name; of a repeated name the last. */
export function membersOf(json: string): Map<string, string> {
  const start = json.indexOf("{") + 1;
  const members = new Map<string, string>();
  for (const member of split(json, start, json.lastIndexOf("}"))) {
    const end = endOfString(member, 0) + 1;
    const name: string = JSON.parse(member.slice(0, end));
    members.set(name, member.slice(member.indexOf(":", end) + 1).trim());
  }
  return members;
}

function split(json: string, start: number, end: number): string[] {
  const parts: string[] = [];
  let from = start;
  walk(json, (comma) => {
    parts.push(json.slice(from, comma).trim());
    from = comma + 1;
  });
  const last = json.slice(from, end).trim();
  if (last !== "") parts.push(last);
  return parts;
}

/** How deep a text is; tells where the commas of its outermost level are. */
function walk(text: string, onComma?: (at: number) => void): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        if (depth === 1) onComma?.(at);
    }
  }
  return deepest;
}

/** Where the string ends that begins at a quote: at its last quote, or at the end of a text that is no JSON. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
