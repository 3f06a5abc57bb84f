import { check, OBJECT, type Rule } from "../options/options.ts";
import { refuse, show } from "../options/refusal.ts";
import { DecodeError } from "./errors.ts";
import { parseTime } from "./rfc3339.ts";

/** What an extension attribute may be; in headers each is a text. */
export type CloudEventValue = string | number | boolean;

/**
 * An event as CloudEvents 1.0.2 describes it.
 *
 * @see {@link https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md}
 */
export interface CloudEvent {
  /** The version of the specification. */
  readonly specversion: "1.0";
  /** Identifies the event among those of its source. */
  readonly id: string;
  /** Where it happened: a URI reference. */
  readonly source: string;
  /** What happened. */
  readonly type: string;
  /** The media type of the data. */
  readonly datacontenttype?: string;
  /** The schema of the data: a URI. */
  readonly dataschema?: string;
  /** What it happened to, within the source. */
  readonly subject?: string;
  /** When it happened, in the format of RFC 3339. */
  readonly time?: string;
  /** Further attributes, by names of `[a-z0-9]`. */
  readonly extensions?: ReadonlyMap<string, CloudEventValue>;
  /** The data as bytes of its media type, JSON as it was written; an event may have none. */
  readonly data?: Uint8Array;
}

/** The attributes of the specification. */
export type CoreAttribute = Exclude<keyof CloudEvent, "extensions" | "data">;

const FORBIDDEN_IN_TEXT = /\p{Control}|\p{Surrogate}|\p{Noncharacter_Code_Point}/u;
const TEXT = "text without control characters, lone surrogates and noncharacters";
const ESCAPES_OR_URI_CHARACTERS = /^(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=])+$/;
const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}\\s*(?:;.*)?$`);
const EXTENSION_NAME = /^[a-z0-9]+$/;
const INT32 = 2 ** 31;

const ANY_TEXT: Rule = [`a ${TEXT}`, "string", isAttributeText];
const SOME_TEXT: Rule = [
  `a non-empty ${TEXT}`,
  "string",
  (value: string) => value !== "" && isAttributeText(value),
];
const URI_REFERENCE: Rule = ["a non-empty URI reference", "string", isUriReference];

/** The rules of the specification's attributes, the required ones first. */
const CORE_RULES: Readonly<Record<CoreAttribute, Rule>> = {
  specversion: ["'1.0'", "string", (value: string) => value === "1.0"],
  id: SOME_TEXT,
  source: URI_REFERENCE,
  type: SOME_TEXT,
  datacontenttype: [
    "a media type",
    "string",
    (value: string) => MEDIA_TYPE.test(value) && isAttributeText(value),
  ],
  dataschema: ["an absolute URI", "string", isUri],
  subject: SOME_TEXT,
  time: ["a time of RFC 3339", "string", (value: string) => parseTime(value) !== undefined],
};

const REQUIRED: readonly string[] = ["specversion", "id", "source", "type"];

const EXTENSION_RULES: Readonly<Record<string, Rule>> = {
  string: ANY_TEXT,
  number: [
    "an integer of 32 bits",
    "number",
    (value: number) => Number.isInteger(value) && value >= -INT32 && value < INT32,
  ],
  boolean: ["a boolean", "boolean"],
};

/** The names of the specification's attributes. */
export const CORE_ATTRIBUTES = Object.keys(CORE_RULES) as readonly CoreAttribute[];

/** Whether an attribute may be called so by those who extend events; `data` has a meaning of its own. */
export function isExtensionName(name: string): boolean {
  return EXTENSION_NAME.test(name) && name !== "data" && !Object.hasOwn(CORE_RULES, name);
}

/** Whether a text may be the value of an attribute. */
export function isAttributeText(text: string): boolean {
  return !FORBIDDEN_IN_TEXT.test(text);
}

/**
 * Refuses what is no event.
 *
 * @throws {TypeError | RangeError} Naming the attribute, its value and its rule.
 */
export function checkEvent(action: string, event: CloudEvent): void {
  check(action, "event", event, OBJECT);
  for (const name of CORE_ATTRIBUTES) {
    const value = event[name];
    if (value !== undefined || REQUIRED.includes(name)) {
      check(action, name, value, CORE_RULES[name]);
    }
  }
  for (const [name, value] of event.extensions ?? []) checkExtension(action, name, value);
  if (event.data !== undefined && !(event.data instanceof Uint8Array)) {
    refuse(action, "data", "a Uint8Array", event.data);
  }
}

/**
 * The event of attributes, whose names decide which are extensions; `null` and `undefined` are none.
 *
 * @throws {DecodeError} If they break a rule of the specification.
 */
export function assembleEvent(
  attributes: ReadonlyMap<string, unknown>,
  data: Uint8Array | undefined,
): CloudEvent {
  const core: Record<string, unknown> = {};
  const extensions = new Map<string, unknown>();
  for (const [name, value] of attributes) {
    if (value === null || value === undefined) continue;
    if (CORE_ATTRIBUTES.includes(name as never)) core[name] = value;
    else extensions.set(name, value);
  }
  if (extensions.size > 0) core.extensions = extensions;
  if (data !== undefined) core.data = data;
  const event = core as unknown as CloudEvent;
  try {
    checkEvent("decode a CloudEvent", event);
  } catch (cause) {
    throw new DecodeError((cause as Error).message, { cause });
  }
  return event;
}

/** @throws {TypeError | RangeError} If the text cannot be the source of an event. */
export function checkSource(action: string, source: unknown): void {
  check(action, "source", source, URI_REFERENCE);
}

/** @throws {TypeError | RangeError} If the text cannot be the type of an event. */
export function checkType(action: string, type: unknown): void {
  check(action, "type", type, SOME_TEXT);
}

function checkExtension(action: string, name: string, value: unknown): void {
  if (typeof name !== "string" || !isExtensionName(name)) {
    throw new RangeError(
      `Cannot ${action} as the name of an extension must be made of a-z and 0-9, and no other attribute's: current value is ${
        show(name)
      }`,
    );
  }
  const rule = EXTENSION_RULES[typeof value];
  if (rule === undefined) refuse(action, name, "a text, a boolean or an integer", value);
  check(action, name, value, rule);
}

function isUriReference(text: string): boolean {
  return ESCAPES_OR_URI_CHARACTERS.test(text);
}

function isUri(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && isUriReference(text);
}
