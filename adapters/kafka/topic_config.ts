import { choice, integer, type Rules, type TopicConfig } from "@beat/beat/transport";

/** What a topic can be asked to be. */
export const TOPIC_RULES: Rules = {
  partitions: integer(1),
  replicas: integer(1),
  retentionMs: integer(1),
  retentionBytes: integer(1),
  compression: choice("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"),
};
/** What Kafka calls the fields that are settings of a topic. */
const SETTINGS = {
  retentionMs: "retention.ms",
  retentionBytes: "retention.bytes",
  compression: "compression.type",
} as const;

type Field = keyof typeof SETTINGS;
const settings = Object.entries(SETTINGS) as [Field, string][];

/** A setting of a topic, as Kafka calls it. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** What is left to the broker, or has no limit. */
export const DEFAULT = -1;

/** The names of all settings that are fields. */
export const SETTING_NAMES: string[] = settings.map(([, name]) => name);

/** @throws {RangeError} If a topic is to have fewer partitions than it has. */
export function checkPartitions(
  action: string,
  partitions: number | undefined,
  known: TopicConfig,
): void {
  if (partitions === undefined || partitions >= known.partitions!) return;
  throw new RangeError(
    `Cannot ${action} as 'partitions' must be at least ${known.partitions}, which there are: current value is ${partitions}`,
  );
}

/** The settings that a config has. */
export function settingsOf(config: TopicConfig): Setting[] {
  return settings.flatMap(([field, name]) =>
    config[field] === undefined ? [] : [{ name, value: String(config[field]) }]
  );
}

/** The fields of what is set; what is not limited has none. */
export function configOf(values: ReadonlyMap<string, string>): TopicConfig {
  const limit = (field: Field) => {
    const value = Number(values.get(SETTINGS[field]) ?? DEFAULT);
    return value < 0 ? {} : { [field]: value };
  };
  const compression = values.get(SETTINGS.compression) ?? "producer";
  return { ...limit("retentionMs"), ...limit("retentionBytes"), compression };
}
