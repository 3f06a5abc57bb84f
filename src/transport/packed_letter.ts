import { Message } from "../message/message.ts";

/** Metadata of a dead letter that holds all its metadata which a codec refused as such. */
const PACKED = "dlq_metadata";

/** Metadata of a dead letter that was one before: the facts of each, the last first, as an array of JSON. */
const BEFORE = "dlq_before";

/** Letters before it that a letter tells of: two handlers may be each other's dead letters, for ever. */
const KEPT = 8;

/** What says why a letter is one; a codec knows these names. */
const LETTER_FACT = /^dlq_/;

/**
 * The letter with the metadata of its message in one entry, as an object of JSON in ASCII: for codecs
 * that refuse names or values which the message came with. `undefined` if there is nothing to pack.
 */
export function packLetter(letter: Message): Message | undefined {
  const entries = [...letter.metadata];
  const facts = entries.filter(([name]) => LETTER_FACT.test(name));
  if (facts.length === entries.length) return undefined;
  const text = asciiOf(Object.fromEntries(entries.filter(([name]) => !LETTER_FACT.test(name))));
  const { uuid, key, timestamp, payload } = letter;
  return new Message(payload, { uuid, key, timestamp, metadata: [...facts, [PACKED, text]] });
}

/**
 * Metadata of a message for its letter. If the message is a letter itself, what it knows of that stands
 * in one entry, without the stack: a replay gives it back.
 */
export function stowFacts(metadata: ReadonlyMap<string, string>): Map<string, string> {
  const entries = [...metadata];
  if (!metadata.has("dlq_topic")) return new Map(entries);
  const { dlq_stack: _, [BEFORE]: before, ...facts } = Object.fromEntries(
    entries.filter(([name]) => LETTER_FACT.test(name)),
  );
  const stowed = new Map(entries.filter(([name]) => !LETTER_FACT.test(name)));
  return stowed.set(BEFORE, asciiOf([facts, ...lettersOf(before)].slice(0, KEPT)));
}

/**
 * The metadata that a message had before it became a letter.
 *
 * @throws {TypeError} If what was packed is no object of strings.
 */
export function metadataBefore({ metadata, uuid }: Message): Map<string, string> {
  const before = new Map([...metadata].filter(([name]) => !LETTER_FACT.test(name)));
  const packed = metadata.get(PACKED);
  const unpacked = packed === undefined ? {} : parse(packed, uuid);
  const [letter = {}, ...earlier] = lettersOf(metadata.get(BEFORE));
  for (const [name, value] of Object.entries({ ...unpacked, ...letter })) before.set(name, value);
  return earlier.length === 0 ? before : before.set(BEFORE, asciiOf(earlier));
}

/** What letters before knew; none of what nobody can read, as it must not hold up a letter. */
function lettersOf(text: string | undefined): Texts[] {
  const letters = jsonOf(text ?? "[]");
  return Array.isArray(letters) ? letters.filter(isTexts) : [];
}

function parse(packed: string, uuid: string): Texts {
  const value = jsonOf(packed);
  if (isTexts(value)) return value;
  throw new TypeError(
    `Cannot replay message '${uuid}' as its '${PACKED}' must be a JSON object of strings`,
  );
}

type Texts = Readonly<Record<string, string>>;

function isTexts(value: unknown): value is Texts {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
}

/** The value of a text; `undefined` if it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as JSON in ASCII, which every header carries. */
function asciiOf(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
