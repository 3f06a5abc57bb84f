import { checkOptions, choice, integer, type Rules, type TopicConfig } from "@beat/beat/transport";

/** What a topic can be asked to be. */
const RULES: Rules = {
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
const UNABLE = ["maxMessages", "persistence"] as const;

type Field = keyof typeof SETTINGS;
const settings = Object.entries(SETTINGS) as [Field, string][];

/** A setting of a topic. */
export interface Setting {
  /** The field that it is here. */
  readonly field: Field;
  /** What Kafka calls it. */
  readonly name: string;
  readonly value: string;
}

/** What is left to the broker, or has no limit. */
export const DEFAULT = -1;

/** The names of all settings that are fields. */
export const SETTING_NAMES: string[] = settings.map(([, name]) => name);

/** @throws {TypeError | RangeError} If a field is malformed, or Kafka does not have it. */
export function checkConfig(action: string, config: TopicConfig): void {
  const unable = UNABLE.find((name) => config[name] !== undefined);
  if (unable !== undefined) {
    throw new RangeError(`Cannot ${action} as Kafka has no '${unable}' for a topic`);
  }
  checkOptions(action, config, RULES);
}

/** @throws {RangeError} If a topic cannot become what it is to be. */
export function checkChange(action: string, known: TopicConfig, config: TopicConfig): void {
  if ((config.partitions ?? Infinity) < known.partitions!) {
    throw new RangeError(
      `Cannot ${action} as 'partitions' must be at least ${known.partitions}, which there are: current value is ${config.partitions}`,
    );
  }
  if ((config.replicas ?? known.replicas) !== known.replicas) {
    throw new RangeError(
      `Cannot ${action} as 'replicas' must stay ${known.replicas}: current value is ${config.replicas}`,
    );
  }
}

/** The settings that a config has. */
export function settingsOf(config: TopicConfig): Setting[] {
  return settings.flatMap(([field, name]) =>
    config[field] === undefined ? [] : [{ field, name, value: String(config[field]) }]
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
