import type { Rule } from "@beat/beat/transport";

/** The names of the tables of one broker. */
export interface Tables {
  /** What was published. */
  readonly messages: string;
  /** Which queue gets what is published to which topic. */
  readonly groups: string;
  /** Whether a new queue must still get earlier messages; not where groups say so themselves. */
  readonly catchUps: string;
  /** What a queue has not settled. */
  readonly deliveries: string;
  /** How topics were made. */
  readonly topics: string;
  /** What was done, for stores. */
  readonly marks: string;
  /** Puts new messages into the queues. */
  readonly fanOut: string;
}

/** What stands before the names of tables, unless an option says otherwise. */
export const PREFIX = "beat_";

/** What a prefix must be: it becomes part of statements. */
export const PREFIX_RULE: Rule = [
  "at most 32 of a-z, 0-9 and '_', and no digit first",
  "string",
  (value: string) => /^([a-z_][a-z0-9_]{0,31})?$/.test(value),
];

/** The tables of a prefix. */
export function tablesOf(prefix: string): Tables {
  return {
    messages: `${prefix}messages`,
    groups: `${prefix}groups`,
    catchUps: `${prefix}catch_ups`,
    deliveries: `${prefix}deliveries`,
    topics: `${prefix}topics`,
    marks: `${prefix}marks`,
    fanOut: `${prefix}fan_out`,
  };
}

/** The queue of a group. A topic has no `/`: no two groups share a queue. */
export function queueOf(topic: string, group: string): string {
  return `${topic}/${group}`;
}

/** Stands for all topics. */
export const EVERY_TOPIC = "*";
