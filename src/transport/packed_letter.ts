import { Message } from "../message/message.ts";

/** Metadata of a dead letter that holds all its metadata which a codec refused as such. */
const PACKED = "dlq_metadata";

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
  const others = Object.fromEntries(entries.filter(([name]) => !LETTER_FACT.test(name)));
  const text = JSON.stringify(others).replace(/[^ -~]/g, escape);
  const { uuid, key, timestamp, payload } = letter;
  return new Message(payload, { uuid, key, timestamp, metadata: [...facts, [PACKED, text]] });
}

/**
 * The metadata that a message had before it became a letter.
 *
 * @throws {TypeError} If what was packed is no object of strings.
 */
export function metadataBefore({ metadata, uuid }: Message): Map<string, string> {
  const before = new Map([...metadata].filter(([name]) => !LETTER_FACT.test(name)));
  const packed = metadata.get(PACKED);
  if (packed === undefined) return before;
  for (const [name, value] of Object.entries(parse(packed, uuid))) before.set(name, value);
  return before;
}

function parse(packed: string, uuid: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(packed);
  } catch {
    // Refused below, like any other value that is no object.
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (isObject) return value as Record<string, string>;
  throw new TypeError(
    `Cannot replay message '${uuid}' as its '${PACKED}' must be a JSON object of strings`,
  );
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
