import { checkTopic } from "@beat/beat/message";
import type { TopicAdmin, TopicConfig } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { keysOf, topicOf } from "./keys.ts";
import { read, text } from "./layout.ts";
import { changesOf, checkConfig, configOf } from "./topic_config.ts";
import type { Topic, Topics } from "./topics.ts";

const PAGE = 1_000;

/** Creates and changes topics, which are streams. */
export class StreamAdmin implements TopicAdmin {
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #prefix: string;

  constructor(connection: Connection, topics: Topics, prefix: string) {
    this.#connection = connection;
    this.#topics = topics;
    this.#prefix = prefix;
  }

  async create(topic: string, config: TopicConfig = {}): Promise<"created" | "exists"> {
    checkTopic("create a topic", topic);
    checkConfig(`create topic '${topic}'`, config);
    const { topic: made, isNew } = await this.#topics.make(topic, config);
    this.#topics.forget(topic);
    // A group that comes and goes leaves an empty stream behind.
    for (const stream of isNew ? made.keys.streams : []) {
      await this.#connection.call("XGROUP", "CREATE", stream, "-", "$", "MKSTREAM");
      await this.#connection.call("XGROUP", "DESTROY", stream, "-");
    }
    return isNew ? "created" : "exists";
  }

  async update(topic: string, config: TopicConfig): Promise<readonly string[]> {
    const action = `update topic '${topic}'`;
    checkConfig(action, config);
    const known = await this.describe(topic);
    if (known === undefined) throw new RangeError(`Cannot ${action} as there is none`);
    const changed = changesOf(action, known, config);
    if (changed.length > 0) {
      const fields = changed.flatMap((name) => [name, config[name]!]);
      const key = keysOf(this.#prefix, topic, 1).config;
      await this.#connection.call("HSET", key, "partitions", known.partitions!, ...fields);
    }
    this.#topics.forget(topic);
    return changed;
  }

  async describe(topic: string): Promise<TopicConfig | undefined> {
    const { config, streams } = keysOf(this.#prefix, topic, 1);
    const stored = configOf(await this.#connection.call("HGETALL", config) as Uint8Array[]);
    if (stored !== undefined) return stored;
    return await this.#connection.call("EXISTS", streams[0]!) === 1 ? { partitions: 1 } : undefined;
  }

  async list(): Promise<readonly string[]> {
    const found = new Set<string>();
    let cursor = "0";
    do {
      const page = await this.#connection.call("SCAN", cursor, "COUNT", PAGE, "TYPE", "stream");
      const [next, keys] = page as [Uint8Array, Uint8Array[]];
      for (const key of keys) found.add(topicOf(this.#prefix, text(key)) ?? "");
      cursor = text(next);
    } while (cursor !== "0");
    found.delete("");
    return [...found].sort();
  }

  async remove(topic: string): Promise<boolean> {
    const known = await this.#find(topic);
    if (known === undefined) return false;
    const { keys } = known;
    for (const group of await this.#groups(known)) await this.removeGroup(topic, group);
    await this.#connection.call("UNLINK", keys.config, ...keys.streams);
    this.#topics.forget(topic);
    return true;
  }

  async removeGroup(topic: string, group: string): Promise<boolean> {
    const known = await this.#find(topic);
    if (known === undefined || !(await this.#groups(known)).includes(group)) return false;
    const { keys } = known;
    for (const [partition, stream] of keys.streams.entries()) {
      await this.#connection.call("XGROUP", "DESTROY", stream, group);
      await this.#connection.call("UNLINK", keys.delayed(group, partition));
    }
    await this.#connection.call("UNLINK", keys.members(group), keys.owners(group));
    return true;
  }

  async #find(topic: string): Promise<Topic | undefined> {
    const action = `find topic '${topic}'`;
    return await this.describe(topic) && await this.#topics.open(action, topic);
  }

  async #groups({ keys }: Topic): Promise<string[]> {
    const [stream] = keys.streams;
    if (await this.#connection.call("EXISTS", stream!) === 0) return [];
    const groups = await this.#connection.call("XINFO", "GROUPS", stream!) as Uint8Array[][];
    return groups.map((fields) => text(read(fields).name));
  }
}
