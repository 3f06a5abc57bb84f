import { checkTopic } from "../message/names.ts";
import { check } from "../options/options.ts";
import type { TopicAdmin } from "../transport/capabilities.ts";
import { GROUP } from "../transport/group_rule.ts";
import { checkConfig, type MemoryTopicConfig, type ResolvedConfig } from "./options.ts";
import type { Topic } from "./topic.ts";

/** Creates and changes topics in memory. What is in use is not removed. */
export interface MemoryTopicAdmin extends TopicAdmin {
  /**
   * Creates a topic, unless there is one.
   *
   * @throws {TypeError | RangeError} If the name or a field is malformed, or memory cannot do it.
   */
  create(topic: string, config?: MemoryTopicConfig): Promise<"created" | "exists">;
  /**
   * Changes a topic; resolves with the names of the fields that it changed.
   *
   * @throws {TypeError | RangeError} If there is none, or a field is malformed or cannot change.
   */
  update(topic: string, config: MemoryTopicConfig): Promise<readonly string[]>;
  /** How a topic is made, defaults included; `undefined` if there is none. */
  describe(topic: string): Promise<MemoryTopicConfig | undefined>;
}

/** The topics of a broker. */
export interface TopicTable {
  /** Those that there are, by name. */
  readonly topics: ReadonlyMap<string, Topic>;
  /** Makes one. */
  create(name: string, config?: MemoryTopicConfig): Topic;
  /** Removes one; whoever waits to publish to it fails. */
  remove(topic: Topic): void;
}

/** Creates and changes the topics of a memory broker. */
export class MemoryAdmin implements MemoryTopicAdmin {
  readonly #table: TopicTable;

  constructor(table: TopicTable) {
    this.#table = table;
  }

  // deno-lint-ignore require-await
  async create(topic: string, config: MemoryTopicConfig = {}): Promise<"created" | "exists"> {
    checkTopic("create a topic", topic);
    checkConfig(`create topic '${topic}'`, config);
    if (this.#table.topics.has(topic)) return "exists";
    this.#table.create(topic, config);
    return "created";
  }

  // deno-lint-ignore require-await
  async update(topic: string, config: MemoryTopicConfig): Promise<readonly string[]> {
    checkTopic("update a topic", topic);
    const action = `update topic '${topic}'`;
    const found = this.#find(action, topic);
    checkConfig(action, config);
    const { partitions } = found.config;
    if ((config.partitions ?? partitions) !== partitions) {
      throw new RangeError(
        `Cannot ${action} as 'partitions' must stay ${partitions}, which keeps the order of keys: current value is ${config.partitions}`,
      );
    }
    return found.configure(config);
  }

  // deno-lint-ignore require-await
  async describe(topic: string): Promise<ResolvedConfig | undefined> {
    checkTopic("describe a topic", topic);
    const found = this.#table.topics.get(topic);
    return found && { ...found.config };
  }

  // deno-lint-ignore require-await
  async list(): Promise<readonly string[]> {
    return [...this.#table.topics.keys()];
  }

  // deno-lint-ignore require-await
  async remove(topic: string): Promise<boolean> {
    checkTopic("remove a topic", topic);
    const found = this.#table.topics.get(topic);
    if (found === undefined) return false;
    refuseWhileConsumed(`remove topic '${topic}'`, found.consumers);
    this.#table.remove(found);
    return true;
  }

  // deno-lint-ignore require-await
  async removeGroup(topic: string, group: string): Promise<boolean> {
    checkTopic("remove a group", topic);
    check("remove a group", "group", group, GROUP);
    const found = this.#table.topics.get(topic);
    const known = found?.groups.get(group);
    if (known === undefined) return false;
    refuseWhileConsumed(`remove group '${group}' of topic '${topic}'`, known.members);
    found!.forget(known);
    return true;
  }

  #find(action: string, topic: string): Topic {
    const found = this.#table.topics.get(topic);
    if (found === undefined) throw new RangeError(`Cannot ${action} as there is none`);
    return found;
  }
}

function refuseWhileConsumed(action: string, consumers: number): void {
  if (consumers > 0) {
    throw new Error(`Cannot ${action} as it is in use: consumers are ${consumers}`);
  }
}
