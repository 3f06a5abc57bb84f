import { check, type Rule } from "@beat/beat/transport";

const OTHERS = /[!'()*~]/g;

/** Characters of the name of a consumer at most, of which the number of a partition may need some. */
const LONGEST = 255 - "~99999".length;

const GROUP: Rule = [
  `at most ${LONGEST} characters as the name of a consumer, which has three for each byte of a character that is none of A-Z, a-z, 0-9, '_', '-' and '.'`,
  "string",
  (value: string) => safeName(value).length <= LONGEST,
];

/**
 * A topic or a group as the name of a stream or a consumer, which must not have dots: they become `=`,
 * everything else that may be harmful is percent-encoded, so that no two names become one.
 */
export function safeName(name: string): string {
  return encodeURIComponent(name)
    .replace(OTHERS, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll(".", "=");
}

/** The topic of a stream; `undefined` if the stream was not made for one. */
export function topicOf(stream: string, subjects: readonly string[]): string | undefined {
  const topic = stream.replaceAll("=", ".");
  const [first] = subjects;
  return first === topic || first === subjectOf(topic, 0) ? topic : undefined;
}

/** The subject of a partition: no topic is named like it, as none has a `=`. */
export function subjectOf(topic: string, partition: number): string {
  return `${topic}.=${partition}`;
}

/** The subjects of a topic: its own name, or one for each partition. */
export function subjectsOf(topic: string, partitions: number): string[] {
  if (partitions === 1) return [topic];
  return Array.from({ length: partitions }, (_, partition) => subjectOf(topic, partition));
}

/** The durable consumer of a group; in partitions there is one for each. */
export function consumerOf(group: string, partition: number, partitions: number): string {
  return partitions === 1 ? safeName(group) : `${safeName(group)}~${partition}`;
}

/** @throws {RangeError} If the name of a group is none that a consumer can have. */
export function checkGroup(action: string, group: string): void {
  check(action, "group", group, GROUP);
}

/** Whether a consumer belongs to a group. */
export function isConsumerOf(group: string, consumer: string): boolean {
  const name = safeName(group);
  if (consumer === name) return true;
  return consumer.startsWith(`${name}~`) && /^\d+$/.test(consumer.slice(name.length + 1));
}
