import type { Plan, SqlConnection } from "./contracts.ts";
import { checkTopic } from "@beat/beat/message";
import { checkOptions } from "@beat/beat/transport";
import { type SqlAdmin, TOPIC_RULES } from "./topic_config.ts";
import { run, transact } from "./session.ts";
import type { Tables } from "./tables.ts";
import { createTopic, findTopics, keepFor, removeGroup, removeTopic } from "./topic_plans.ts";

/** Creates and changes topics by statements, each method in a transaction of its own. */
export function sqlAdmin(connection: SqlConnection, tables: Tables): SqlAdmin {
  const { dialect } = connection;
  const execute = <T>(plan: () => Plan<T>) => transact(connection, plan);
  const find = async (topic?: string) => await run(connection, findTopics(tables, topic));
  return {
    async create(topic, config = {}) {
      checkTopic("create a topic", topic);
      checkOptions(`create topic '${topic}'`, config, TOPIC_RULES);
      const { retentionMs = Infinity } = config;
      return await execute(() => createTopic(dialect, tables, { topic, retentionMs }));
    },

    async update(topic, config) {
      const action = `update topic '${topic}'`;
      checkOptions(action, config, TOPIC_RULES);
      return await execute(function* () {
        const before = (yield* findTopics(tables, topic)).get(topic);
        if (before === undefined) throw new RangeError(`Cannot ${action} as there is none`);
        const { retentionMs = before } = config;
        if (retentionMs === before) return [];
        yield* createTopic(dialect, tables, { topic, retentionMs });
        yield* keepFor(tables, topic, retentionMs);
        return ["retentionMs"];
      });
    },

    async describe(topic) {
      const retentionMs = (await find(topic)).get(topic);
      return retentionMs === undefined ? undefined : { retentionMs, persistence: "persistent" };
    },

    list: async () => [...(await find()).keys()],
    remove: (topic) => execute(() => removeTopic(dialect, tables, topic)),
    removeGroup: (topic, group) => execute(() => removeGroup(dialect, tables, { topic, group })),
  };
}
