import type { Tables } from "./tables.ts";

/** What selects the number before the first message of a topic, which is a text there, since a time. */
export function selectLastBefore({ messages }: Tables, topic: string, since: number): string {
  return `SELECT COALESCE(
    (SELECT seq - 1 FROM ${messages}
      WHERE topic = ${topic} AND published_at >= ${since} ORDER BY seq LIMIT 1),
    (SELECT MAX(seq) FROM ${messages}), 0) AS seq`;
}
