import type { TopicAdmin, TopicConfig } from "@beat/beat/transport";

/** How a topic in a database is made. */
export interface SqlTopicConfig extends TopicConfig {
  /**
   * Milliseconds that a message is kept after it was published. What a group has not settled, or has
   * put aside, is kept for longer. @default {Infinity}
   */
  retentionMs?: number;
  /** A database keeps what it was told. @default {"persistent"} */
  persistence?: "persistent";
}

/** Creates and changes topics. They come into being by use, too. */
export interface SqlAdmin extends TopicAdmin {
  /**
   * Creates a topic, unless it was created; one that is only in use is created, too.
   *
   * @throws {TypeError | RangeError} If the name or a field is malformed, or a database cannot do it.
   */
  create(topic: string, config?: SqlTopicConfig): Promise<"created" | "exists">;
  /**
   * Changes a topic; resolves with the names of the fields that it changed.
   *
   * @throws {TypeError | RangeError} If there is none, or a field is malformed.
   */
  update(topic: string, config: SqlTopicConfig): Promise<readonly string[]>;
  /** How a topic is made, defaults included; `undefined` if there is none. */
  describe(topic: string): Promise<SqlTopicConfig | undefined>;
  /** The names of all topics: those that were created, and those that are in use. */
  list(): Promise<readonly string[]>;
  /** Removes a topic with its messages and groups. A group that is in use begins anew. */
  remove(topic: string): Promise<boolean>;
  /** Removes a consumer group with what it has not settled. If it is in use, it begins anew. */
  removeGroup(topic: string, group: string): Promise<boolean>;
}
