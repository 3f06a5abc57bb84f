import {
  check,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integer,
  OBJECT,
  type Rule,
  type Rules,
} from "../options/options.ts";
import { checkTopic } from "../message/names.ts";
import type { TopicConfig } from "../transport/capabilities.ts";
import type { SimulationOptions } from "./simulation.ts";

/** How a topic in memory is made. */
export interface MemoryTopicConfig extends TopicConfig {
  /** Lanes that keep the order of a key; it cannot change later. @default {16} */
  partitions?: number;
  /** Records that are kept, whether they are settled or not. @default {65_536} */
  maxMessages?: number;
  /**
   * Milliseconds that records are kept, settled or not. They go when the topic is used next.
   *
   * @default {Infinity}
   */
  retentionMs?: number;
  /**
   * What happens when a topic is full and the oldest record is not settled by all groups. `"block"`:
   * publishing waits for the slowest group. `"error"`: it fails with a {@linkcode TopicFullError}.
   * `"drop-oldest"`: the oldest record goes, whoever has not seen it misses it. Readers without a
   * group hold nothing up, they miss what goes.
   *
   * @default {"block"}
   */
  overflow?: "block" | "error" | "drop-oldest";
  /** Memory has one copy. @default {1} */
  replicas?: 1;
  /** Memory ends with its process. @default {"ephemeral"} */
  persistence?: "ephemeral";
}

/** Records that a consumer did not get. */
export interface MemoryDrop {
  /** The topic. */
  readonly topic: string;
  /** The group that misses them; a reader has none. */
  readonly group?: string;
  /** The partition. */
  readonly lane: string;
  /** How many. */
  readonly count: number;
  /** `"overflow"`: the topic was full. `"retention"`: they were too old. */
  readonly reason: "overflow" | "retention";
}

/** What {@linkcode MemoryBroker} takes. */
export interface MemoryBrokerOptions {
  /** How topics are made that have no entry in `topics`. @default {the defaults of each field} */
  defaults?: MemoryTopicConfig;
  /** How some topics are made, by name; what an entry leaves out comes from `defaults`. @default {none} */
  topics?: Readonly<Record<string, MemoryTopicConfig>>;
  /**
   * Milliseconds that the member of a group may take to settle what it has of a partition that goes to
   * another member.
   *
   * @default {30_000}
   */
  revokeTimeout?: number;
  /** Hears of records that a consumer did not get. What it throws is printed. @default {none} */
  onDrop?: (drop: MemoryDrop) => void;
  /** Makes a bad day of it: see {@linkcode SimulationOptions}. @default {none} */
  simulate?: SimulationOptions;
}

/** A configuration with nothing left out. */
export type ResolvedConfig = Required<Omit<MemoryTopicConfig, "retentionBytes" | "compression">>;

const DEFAULTS: ResolvedConfig = {
  partitions: 16,
  replicas: 1,
  maxMessages: 65_536,
  retentionMs: Infinity,
  persistence: "ephemeral",
  overflow: "block",
};

const NOT_IN_MEMORY: Rule = ["left out, memory cannot do it", "undefined"];

const CONFIG_RULES: Rules = {
  partitions: integer(1),
  replicas: ["1 in memory", "number", (value: number) => value === 1],
  retentionMs: DURATION,
  retentionBytes: NOT_IN_MEMORY,
  maxMessages: integer(1),
  persistence: choice("ephemeral"),
  compression: NOT_IN_MEMORY,
  overflow: choice("block", "error", "drop-oldest"),
};

const BROKER_RULES: Rules = {
  defaults: OBJECT,
  topics: OBJECT,
  revokeTimeout: DURATION,
  onDrop: FUNCTION,
  simulate: OBJECT,
};

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function checkBrokerOptions(action: string, options: MemoryBrokerOptions): void {
  checkOptions(action, options, BROKER_RULES);
  checkConfig(action, options.defaults ?? {});
  for (const [topic, config] of Object.entries(options.topics ?? {})) {
    checkTopic(action, topic);
    check(action, `topics.${topic}`, config, OBJECT);
    checkConfig(`${action} with topic '${topic}'`, config);
  }
}

/** @throws {TypeError | RangeError} Naming the field, its value and its rule. */
export function checkConfig(action: string, config: MemoryTopicConfig): void {
  checkOptions(action, config, CONFIG_RULES);
}

/** Puts configurations over the defaults; a later one overrules an earlier one. */
export function resolveConfig(...configs: readonly MemoryTopicConfig[]): ResolvedConfig {
  const resolved: Record<string, unknown> = { ...DEFAULTS };
  for (const config of configs) {
    for (const [field, value] of Object.entries(config)) {
      if (value !== undefined) resolved[field] = value;
    }
  }
  return resolved as unknown as ResolvedConfig;
}
