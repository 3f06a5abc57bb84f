import { integer, type TopicAdmin, topicAdmin, type TopicConfig } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import { keysOf, topicOf } from "./keys.ts";
import { text } from "./layout.ts";
import { groupsOf } from "./stream_state.ts";
import { checkLimits, configOf } from "./topic_config.ts";
import type { Topic, Topics } from "./topics.ts";

const PAGE = 1_000;

/** Creates and changes topics, which are streams. */
export function streamAdmin(connection: Connection, topics: Topics, prefix: string): TopicAdmin {
  const describe = async (topic: string): Promise<TopicConfig | undefined> => {
    const { config, streams } = keysOf(prefix, topic, 1);
    const stored = configOf(await connection.call("HGETALL", config) as Uint8Array[]);
    if (stored !== undefined) return stored;
    return await connection.call("EXISTS", streams[0]!) === 1 ? { partitions: 1 } : undefined;
  };
  const find = async (topic: string): Promise<Topic | undefined> =>
    await describe(topic) && await topics.open(`find topic '${topic}'`, topic);
  const groupNamesOf = async ({ keys: { streams: [stream] } }: Topic): Promise<string[]> => {
    if (await connection.call("EXISTS", stream!) === 0) return [];
    return (await groupsOf(connection, stream!)).map(({ name }) => name);
  };
  const removeGroup = async (topic: string, group: string): Promise<boolean> => {
    const known = await find(topic);
    if (known === undefined || !(await groupNamesOf(known)).includes(group)) return false;
    const { keys } = known;
    for (const [partition, stream] of keys.streams.entries()) {
      await connection.call("XGROUP", "DESTROY", stream, group);
      await connection.call("UNLINK", keys.delayed(group, partition));
    }
    await connection.call("UNLINK", keys.members(group), keys.owners(group));
    return true;
  };

  return topicAdmin({
    broker: "Redis",
    rules: { partitions: integer(1), maxMessages: integer(1), retentionMs: integer(1) },
    // They keep the order of keys.
    fixed: ["partitions"],

    async create(topic, config) {
      checkLimits(`create topic '${topic}'`, config);
      const { topic: made, isNew } = await topics.make(topic, config);
      topics.forget(topic);
      // A group that comes and goes leaves an empty stream behind.
      for (const stream of isNew ? made.keys.streams : []) {
        await connection.call("XGROUP", "CREATE", stream, "-", "$", "MKSTREAM");
        await connection.call("XGROUP", "DESTROY", stream, "-");
      }
      return isNew ? "created" : "exists";
    },

    async change(topic, changes, known) {
      const config = { ...known, ...changes };
      checkLimits(`update topic '${topic}'`, config);
      const fields = Object.entries(config).flat() as (string | number)[];
      await connection.call("HSET", keysOf(prefix, topic, 1).config, ...fields);
      topics.forget(topic);
    },

    describe,

    async list() {
      const found = new Set<string>();
      let cursor = "0";
      do {
        const page = await connection.call("SCAN", cursor, "COUNT", PAGE, "TYPE", "stream");
        const [next, keys] = page as [Uint8Array, Uint8Array[]];
        for (const key of keys) found.add(topicOf(prefix, text(key)) ?? "");
        cursor = text(next);
      } while (cursor !== "0");
      found.delete("");
      return [...found].sort();
    },

    async remove(topic) {
      const known = await find(topic);
      if (known === undefined) return false;
      for (const group of await groupNamesOf(known)) await removeGroup(topic, group);
      await connection.call("UNLINK", known.keys.config, ...known.keys.streams);
      topics.forget(topic);
      return true;
    },

    removeGroup,
  });
}
