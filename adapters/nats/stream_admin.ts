import { type TopicAdmin, topicAdmin } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import type { GivenBack } from "./given_back.ts";
import { isConsumerOf, safeName, subjectsOf, topicOf } from "./names.ts";
import type { NatsPlan } from "./options.ts";
import { configOf, limited, limitsOf, NANOS, storageOf, TOPIC_RULES } from "./topic_config.ts";
import { type Topics, unlessMissing } from "./topics.ts";

/** Creates and changes topics, each of which is a stream. */
export function streamAdmin(
  connection: Connection,
  topics: Topics,
  givenBack: GivenBack,
  plan: NatsPlan,
): TopicAdmin {
  return topicAdmin({
    broker: "NATS",
    rules: TOPIC_RULES,
    fixed: ["partitions", "persistence"],

    async create(topic, config) {
      const action = `create topic '${topic}'`;
      if (await topics.own(action, topic) !== undefined) return "exists";
      const { jsm } = await connection.open(action);
      const window = Math.min(plan.duplicateWindow, config.retentionMs ?? Infinity);
      await jsm.streams.add({
        name: safeName(topic),
        subjects: subjectsOf(topic, config.partitions ?? plan.partitions),
        storage: storageOf(config),
        duplicate_window: window * NANOS,
        ...limitsOf(config),
      });
      topics.forget(topic);
      return "created";
    },

    async change(topic, changes) {
      const action = `update topic '${topic}'`;
      const { jsm } = await connection.open(action);
      const { config } = await jsm.streams.info(safeName(topic));
      await jsm.streams.update(safeName(topic), limited(config, changes));
    },

    async describe(topic) {
      const info = await topics.own(`describe topic '${topic}'`, topic);
      return info && configOf(info);
    },

    async list() {
      const { jsm } = await connection.open("list topics");
      const found: string[] = [];
      for await (const { config } of jsm.streams.list()) {
        const topic = topicOf(config.name, config.subjects ?? []);
        if (topic !== undefined) found.push(topic);
      }
      return found.sort();
    },

    async remove(topic) {
      const { jsm } = await connection.open(`remove topic '${topic}'`);
      topics.forget(topic);
      const stream = safeName(topic);
      const found = await unlessMissing(jsm.streams.delete(stream)) ?? false;
      if (found) await givenBack.forget(stream);
      return found;
    },

    async removeGroup(topic, group) {
      const action = `remove group '${group}' of topic '${topic}'`;
      const { jsm } = await connection.open(action);
      const known = await topics.find(action, topic);
      if (known === undefined) return false;
      let found = false;
      for await (const { name } of jsm.consumers.list(known.stream)) {
        if (!isConsumerOf(group, name)) continue;
        found = await unlessMissing(jsm.consumers.delete(known.stream, name)) ?? found;
        await givenBack.forget(known.stream, name);
      }
      return found;
    },
  });
}
