import type { TopicConfig } from "@beat/beat/transport";
import { read, text } from "./layout.ts";

/** @throws {RangeError} If a topic is to have two limits: the server takes one. */
export function checkLimits(action: string, config: TopicConfig): void {
  if (config.maxMessages === undefined || config.retentionMs === undefined) return;
  throw new RangeError(
    `Cannot ${action} as a stream is trimmed either by 'maxMessages' or by 'retentionMs', not by both`,
  );
}

/** A config as it is stored; `undefined` if none is. */
export function configOf(stored: readonly Uint8Array[]): TopicConfig | undefined {
  const fields = Object.entries(read(stored)).map(([name, value]) => [name, Number(text(value))]);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
