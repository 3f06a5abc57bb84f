import type { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { show } from "../options/refusal.ts";
import {
  type CloudEvent,
  type CloudEventValue,
  isAttributeText,
  isExtensionName,
} from "./cloud_event.ts";

/** Metadata with a place of its own in an event: these names cannot be extensions. */
const CORE_OF: ReadonlyMap<
  string,
  "source" | "type" | "subject" | "dataschema" | "datacontenttype"
> = new Map([
  ["ce-source", "source"],
  ["ce-type", "type"],
  ["ce-subject", "subject"],
  ["ce-dataschema", "dataschema"],
  ["content-type", "datacontenttype"],
]);

/** The attribute that orders events, for which messages have a field. */
const KEY = "partitionkey";

/** Names of this library with `_`, which attributes cannot have. */
const WITH_UNDERSCORES = [
  "correlation_id",
  "causation_id",
  "dlq_reason",
  "dlq_handler",
  "dlq_topic",
  "dlq_attempts",
  "dlq_first_failed_at",
  "dlq_last_failed_at",
  "dlq_stack",
  "dlq_metadata",
  "dlq_before",
];

const METADATA_OF: ReadonlyMap<string, string> = new Map(
  WITH_UNDERSCORES.map((name) => [name.replaceAll("_", ""), name]),
);
const EXTENSION_OF: ReadonlyMap<string, string> = new Map(
  [...METADATA_OF].map(([extension, name]) => [name, extension]),
);

/** What the metadata and the key of a message say of its event. */
export type MappedAttributes = Partial<Omit<CloudEvent, "specversion" | "id" | "time" | "data">>;

/**
 * The attributes of a message's metadata and key.
 *
 * @throws {RangeError} If metadata cannot be an attribute, unless that is to be dropped.
 */
export function attributesOf(message: Message, dropsUnmappable: boolean): MappedAttributes {
  const core: Record<string, string> = {};
  const extensions = new Map<string, CloudEventValue>();
  if (message.key !== "") extensions.set(KEY, message.key);
  for (const [name, value] of message.metadata) {
    const attribute = CORE_OF.get(name);
    if (attribute !== undefined) {
      core[attribute] = value;
      continue;
    }
    const extension = EXTENSION_OF.get(name) ?? name.toLowerCase();
    const fault = faultOf(extension, value, extensions);
    if (fault === undefined) extensions.set(extension, value);
    else if (!dropsUnmappable) {
      throw new RangeError(
        `Cannot encode a CloudEvent as metadata ${show(name)} must ${fault}`,
      );
    }
  }
  return extensions.size === 0 ? core : { ...core, extensions };
}

function faultOf(
  extension: string,
  value: string,
  taken: ReadonlyMap<string, CloudEventValue>,
): string | undefined {
  if (!isExtensionName(extension) || extension === KEY) {
    return "have a name of letters and digits that is no other attribute's";
  }
  if (taken.has(extension)) return `be the only one that becomes extension '${extension}'`;
  if (!isAttributeText(value)) {
    return `have no control characters, lone surrogates and noncharacters: current value is ${
      show(value)
    }`;
  }
  return undefined;
}

/** The metadata that an event becomes: all that it says, but for what the message has fields for. */
export function metadataOf(
  event: CloudEvent,
  topicAttribute: "type" | "subject",
  topic: string,
): Rec["headers"] {
  const metadata: [string, string][] = [];
  for (const [name, attribute] of CORE_OF) {
    const value = event[attribute];
    if (value === undefined || (attribute === topicAttribute && value === topic)) continue;
    metadata.push([name, value]);
  }
  for (const [extension, value] of event.extensions ?? []) {
    if (extension !== KEY) metadata.push([METADATA_OF.get(extension) ?? extension, String(value)]);
  }
  return metadata;
}

/** The key that an event asks for, if it does. */
export function keyOf(event: CloudEvent): string | undefined {
  const key = event.extensions?.get(KEY);
  return key === undefined ? undefined : String(key);
}
