import { type TopicAdmin, topicAdmin } from "@beat/beat/transport";
import type { Cluster } from "./cluster.ts";
import { isDone, unlessRefused } from "./errors.ts";
import {
  checkPartitions,
  configOf,
  DEFAULT,
  SETTING_NAMES,
  settingsOf,
  TOPIC_RULES,
} from "./topic_config.ts";
import { findTopic, openTopic } from "./topics.ts";

/** Kafka's numbers for a topic among the resources, and for setting a value. */
const TOPIC = 2;
const SET = 0;

/** A topic that was created is there: it is asked for until it is known. */
const CREATED = { retries: 20 };
/** What is known from before does not count. */
const FRESH = { retries: 1, forceUpdate: true };

/** Creates and changes topics; `groupName` is what a group on a topic is called. */
export function kafkaAdmin(
  cluster: Cluster,
  groupName: (group: string, topic: string) => string,
): TopicAdmin {
  const describe: TopicAdmin["describe"] = async (topic) => {
    const admin = cluster.admin(`describe topic '${topic}'`);
    const found = await findTopic(admin, topic, FRESH);
    if (found === undefined) return undefined;
    const configurationKeys = SETTING_NAMES;
    const resource = { resourceType: TOPIC, resourceName: topic, configurationKeys } as const;
    const [described] = await admin.describeConfigs({ resources: [resource] });
    const values = new Map(described?.configs.map(({ name, value }) => [name, value ?? ""]));
    const { leaders: { length: partitions }, replicas } = found;
    return { partitions, replicas, ...configOf(values) };
  };

  return topicAdmin({
    broker: "Kafka",
    rules: TOPIC_RULES,
    fixed: ["replicas"],

    async create(topic, config) {
      const action = `create topic '${topic}'`;
      const admin = cluster.admin(action);
      const { partitions = DEFAULT, replicas = DEFAULT } = config;
      const configs = settingsOf(config);
      const creating = admin.createTopics({ topics: [topic], partitions, replicas, configs });
      const says =
        `Cannot ${action} as there is one whose name Kafka takes for the same: '.' is '_' to it`;
      const named = unlessRefused(
        creating,
        "INVALID_TOPIC_EXCEPTION",
        (options) => new RangeError(says, options),
      );
      if (!await isDone(named, "TOPIC_ALREADY_EXISTS")) return "exists";
      // A broker may hear of it a moment later, and a busy one long after that.
      await openTopic(admin, action, topic, CREATED);
      return "created";
    },

    async change(topic, changes, known) {
      const action = `update topic '${topic}'`;
      const { partitions: count } = changes;
      checkPartitions(action, count, known);
      const admin = cluster.admin(action);
      const configs = settingsOf(changes).map((
        setting,
      ) => ({ ...setting, configOperation: SET } as const));
      if (configs.length > 0) {
        const resource = { resourceType: TOPIC, resourceName: topic, configs } as const;
        await admin.incrementalAlterConfigs({ resources: [resource] });
      }
      if (count === undefined) return;
      await admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] });
    },

    describe,
    list: async () => (await cluster.admin("list topics").listTopics()).sort(),

    async remove(topic) {
      if (await describe(topic) === undefined) return false;
      const admin = cluster.admin(`remove topic '${topic}'`);
      return await isDone(admin.deleteTopics({ topics: [topic] }), "UNKNOWN_TOPIC_OR_PARTITION");
    },

    async removeGroup(topic, group) {
      const groups = [groupName(group, topic)];
      const action = `remove group '${group}' of topic '${topic}'`;
      const removing = unlessRefused(
        cluster.admin(action).deleteGroups({ groups }),
        "NON_EMPTY_GROUP",
        (options) => new Error(`Cannot ${action} as it is in use`, options),
      );
      return await isDone(removing, "GROUP_ID_NOT_FOUND");
    },
  });
}
