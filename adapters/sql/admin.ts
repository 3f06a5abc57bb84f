import { checkTopic } from "@beat/beat/message";
import { choice, DURATION, topicAdmin } from "@beat/beat/transport";
import type { Plan, SqlConnection } from "./contracts.ts";
import type { SqlAdmin, SqlTopicConfig } from "./topic_config.ts";
import { run, transact } from "./session.ts";
import type { Tables } from "./tables.ts";
import { createTopic, findTopics, keepFor, removeGroup, removeTopic } from "./topic_plans.ts";

/** Creates and changes topics by statements, each method in a transaction of its own. */
export function sqlAdmin(connection: SqlConnection, tables: Tables): SqlAdmin {
  const { dialect } = connection;
  const execute = <T>(plan: () => Plan<T>) => transact(connection, plan);
  const find = async (topic?: string) => await run(connection, findTopics(tables, topic));
  const describe = async (topic: string): Promise<SqlTopicConfig | undefined> => {
    const retentionMs = (await find(topic)).get(topic);
    return retentionMs === undefined ? undefined : { retentionMs, persistence: "persistent" };
  };
  const admin = topicAdmin({
    broker: "a database",
    rules: { retentionMs: DURATION, persistence: choice("persistent") },
    fixed: [],
    create: (topic, { retentionMs = Infinity }) =>
      execute(() => createTopic(dialect, tables, { topic, retentionMs })),

    change: (topic, { retentionMs = Infinity }) =>
      execute(function* () {
        // One that is only in use is created.
        yield* createTopic(dialect, tables, { topic, retentionMs });
        yield* keepFor(tables, topic, retentionMs);
      }),

    describe,
    list: async () => [...(await find()).keys()],
    remove: (topic) => execute(() => removeTopic(dialect, tables, topic)),
    removeGroup: (topic, group) => execute(() => removeGroup(dialect, tables, { topic, group })),
  });
  return {
    ...admin,
    async describe(topic) {
      checkTopic("describe a topic", topic);
      return await describe(topic);
    },
  };
}
