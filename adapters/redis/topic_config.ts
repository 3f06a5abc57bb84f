import { checkOptions, integer, type Rules, type TopicConfig } from "@beat/beat/transport";
import { read, text } from "./layout.ts";

/** What a topic can be asked to be. */
const RULES: Rules = { partitions: integer(1), maxMessages: integer(1), retentionMs: integer(1) };
const UNABLE = ["replicas", "retentionBytes", "persistence", "compression"] as const;
/** What can be changed of a topic. */
const LIMITS = ["maxMessages", "retentionMs"] as const;

/** @throws {TypeError | RangeError} If a field is malformed, or Redis does not have it. */
export function checkConfig(action: string, config: TopicConfig): void {
  const unable = UNABLE.find((name) => config[name] !== undefined);
  if (unable !== undefined) {
    throw new RangeError(`Cannot ${action} as Redis has no '${unable}' for a topic`);
  }
  checkOptions(action, config, RULES);
  if (config.maxMessages === undefined || config.retentionMs === undefined) return;
  throw new RangeError(
    `Cannot ${action} as a stream is trimmed either by 'maxMessages' or by 'retentionMs', not by both`,
  );
}

/**
 * The fields that are to become something else.
 *
 * @throws {RangeError} If the partitions are among them.
 */
export function changesOf(
  action: string,
  known: TopicConfig,
  config: TopicConfig,
): readonly (typeof LIMITS)[number][] {
  if ((config.partitions ?? known.partitions) !== known.partitions) {
    throw new RangeError(
      `Cannot ${action} as 'partitions' must stay ${known.partitions}, which keeps the order of keys: current value is ${config.partitions}`,
    );
  }
  return LIMITS.filter((name) => config[name] !== undefined && config[name] !== known[name]);
}

/** A config as it is stored; `undefined` if none is. */
export function configOf(stored: readonly Uint8Array[]): TopicConfig | undefined {
  const fields = Object.entries(read(stored)).map(([name, value]) => [name, Number(text(value))]);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
