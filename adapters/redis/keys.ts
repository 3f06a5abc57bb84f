/**
 * The keys of a topic. All of them hash to the same slot of a cluster: where a key has braces, only what
 * is in them counts, and a topic has none.
 */
export interface TopicKeys {
  /** The streams, one per partition. */
  readonly streams: readonly string[];
  /** What the topic was made with. */
  readonly config: string;
  /** What waits for its time, by partition. */
  delayed(group: string, partition: number): string;
  /** The members of a group, by the end of their lease. */
  members(group: string): string;
  /** Who has which partition. */
  owners(group: string): string;
  /** A stream that nobody writes: who has no partition waits there. */
  readonly idle: string;
}

/** Names the keys of a topic. A topic with one partition is the stream of its name, as others write it. */
export function keysOf(prefix: string, topic: string, partitions: number): TopicKeys {
  const tag = `{${prefix}${topic}}`;
  return {
    streams: partitions === 1
      ? [prefix + topic]
      : Array.from({ length: partitions }, (_, partition) => `${tag}:${partition}`),
    config: `${tag}:config`,
    delayed: (group, partition) => `${tag}:delayed:${partition}:${group}`,
    members: (group) => `${tag}:members:${group}`,
    owners: (group) => `${tag}:owners:${group}`,
    idle: `${tag}:idle`,
  };
}

/** The topic of a stream; `undefined` if it is none of ours. */
export function topicOf(prefix: string, key: string): string | undefined {
  const tagged = /^\{(.*)\}:\d+$/s.exec(key)?.[1] ?? key;
  return tagged.startsWith(prefix) ? tagged.slice(prefix.length) : undefined;
}
