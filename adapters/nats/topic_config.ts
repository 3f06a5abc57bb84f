import { choice, integer, type Rules, type TopicConfig } from "@beat/beat/transport";
import {
  StorageType,
  StoreCompression,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";

/** What a stream can be asked to be. */
export const TOPIC_RULES: Rules = {
  partitions: integer(1),
  replicas: integer(1),
  retentionMs: integer(1),
  retentionBytes: integer(1),
  maxMessages: integer(1),
  persistence: choice("persistent", "ephemeral"),
  compression: choice("s2", "none"),
};

/** Nanoseconds of a millisecond: the server counts in them. */
export const NANOS = 1e6;

/** The part of a stream's config that can be changed. */
export function limitsOf(config: TopicConfig): Partial<StreamConfig> {
  const { replicas, retentionMs, retentionBytes, maxMessages, compression } = config;
  return {
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
    ...(retentionMs === undefined ? {} : { max_age: retentionMs * NANOS }),
    ...(retentionBytes === undefined ? {} : { max_bytes: retentionBytes }),
    ...(maxMessages === undefined ? {} : { max_msgs: maxMessages }),
    ...(compression === undefined ? {} : { compression: compression as StoreCompression }),
  };
}

/** A stream with other limits; its window must not be longer than it keeps what it has. */
export function limited(stream: StreamConfig, config: TopicConfig): StreamConfig {
  const limits = { ...stream, ...limitsOf(config) };
  const window = Math.min(limits.duplicate_window, limits.max_age || Infinity);
  return { ...limits, duplicate_window: window };
}

/** Where a stream keeps what it has. */
export function storageOf({ persistence }: TopicConfig): StorageType {
  return persistence === "ephemeral" ? StorageType.Memory : StorageType.File;
}

/** How a topic is made, by its stream. */
export function configOf({ config }: StreamInfo): TopicConfig {
  return {
    partitions: config.subjects.length,
    replicas: config.num_replicas,
    persistence: config.storage === StorageType.Memory ? "ephemeral" : "persistent",
    compression: config.compression ?? StoreCompression.None,
    ...(config.max_age > 0 ? { retentionMs: config.max_age / NANOS } : {}),
    ...(config.max_bytes > 0 ? { retentionBytes: config.max_bytes } : {}),
    ...(config.max_msgs > 0 ? { maxMessages: config.max_msgs } : {}),
  };
}
