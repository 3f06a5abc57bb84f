import { checkTopic } from "@beat/beat/message";
import { checkOptions, integer, type Rules, type TopicAdmin } from "@beat/beat/transport";
import type { TopicConfig } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { keysOf, topicOf } from "./keys.ts";
import { read, text } from "./layout.ts";
import type { Topic, Topics } from "./topics.ts";

const RULES: Rules = { partitions: integer(1), maxMessages: integer(1), retentionMs: integer(1) };
const UNABLE = ["replicas", "retentionBytes", "persistence", "compression"] as const;
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
    if ((config.partitions ?? known.partitions) !== known.partitions) {
      throw new RangeError(
        `Cannot ${action} as 'partitions' must stay ${known.partitions}, which keeps the order of keys: current value is ${config.partitions}`,
      );
    }
    const changed = (["maxMessages", "retentionMs"] as const).filter((name) =>
      config[name] !== undefined && config[name] !== known[name]
    );
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
    const stored = read(await this.#connection.call("HGETALL", config) as Uint8Array[]);
    const fields = Object.entries(stored).map(([name, value]) => [name, Number(text(value))]);
    if (fields.length > 0) return Object.fromEntries(fields);
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

function checkConfig(action: string, config: TopicConfig): void {
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
