import { checkTopic } from "@beat/beat/message";
import type { TopicAdmin, TopicConfig } from "@beat/beat/transport";
import type { Cluster } from "./cluster.ts";
import { isDone } from "./errors.ts";
import {
  checkChange,
  checkConfig,
  configOf,
  DEFAULT,
  SETTING_NAMES,
  settingsOf,
} from "./topic_config.ts";
import { findTopic, openTopic } from "./topics.ts";

/** Kafka's numbers for a topic among the resources, and for setting a value. */
const TOPIC = 2;
const SET = 0;

/** A topic that was created is there: it is asked for until it is known. */
const CREATED = { retries: 20 };
/** What is known from before does not count. */
const FRESH = { retries: 1, forceUpdate: true };

/** Creates and changes topics. */
export class KafkaTopicAdmin implements TopicAdmin {
  readonly #cluster: Cluster;
  readonly #groupName: (group: string, topic: string) => string;

  /** `groupName` is what a group on a topic is called. */
  constructor(cluster: Cluster, groupName: (group: string, topic: string) => string) {
    this.#cluster = cluster;
    this.#groupName = groupName;
  }

  async create(topic: string, config: TopicConfig = {}): Promise<"created" | "exists"> {
    const action = `create topic '${topic}'`;
    checkTopic("create a topic", topic);
    checkConfig(action, config);
    const admin = this.#cluster.admin(action);
    const { partitions = DEFAULT, replicas = DEFAULT } = config;
    const configs = settingsOf(config);
    const creating = admin.createTopics({ topics: [topic], partitions, replicas, configs });
    if (!await isDone(creating, "TOPIC_ALREADY_EXISTS")) return "exists";
    // A broker may hear of it a moment later, and a busy one long after that.
    await openTopic(admin, action, topic, CREATED);
    return "created";
  }

  async update(topic: string, config: TopicConfig): Promise<readonly string[]> {
    const action = `update topic '${topic}'`;
    checkConfig(action, config);
    const admin = this.#cluster.admin(action);
    const known = await this.describe(topic);
    if (known === undefined) throw new RangeError(`Cannot ${action} as there is none`);
    checkChange(action, known, config);
    const changed = settingsOf(config).filter(({ field }) => config[field] !== known[field]);
    if (changed.length > 0) {
      const configs = changed.map(({ name, value }) => {
        return { name, configOperation: SET, value } as const;
      });
      const resources = [{ resourceType: TOPIC, resourceName: topic, configs } as const];
      await admin.incrementalAlterConfigs({ resources: [...resources] });
    }
    const fields: string[] = changed.map(({ field }) => field);
    const { partitions: count = known.partitions! } = config;
    if (count === known.partitions) return fields;
    await admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] });
    return ["partitions", ...fields];
  }

  async describe(topic: string): Promise<TopicConfig | undefined> {
    const admin = this.#cluster.admin(`describe topic '${topic}'`);
    const found = await findTopic(admin, topic, FRESH);
    if (found === undefined) return undefined;
    const resource = {
      resourceType: TOPIC,
      resourceName: topic,
      configurationKeys: SETTING_NAMES,
    } as const;
    const [described] = await admin.describeConfigs({ resources: [resource] });
    const values = new Map(described?.configs.map(({ name, value }) => [name, value ?? ""]));
    const { leaders: { length: partitions }, replicas } = found;
    return { partitions, replicas, ...configOf(values) };
  }

  async list(): Promise<readonly string[]> {
    return (await this.#cluster.admin("list topics").listTopics()).sort();
  }

  async remove(topic: string): Promise<boolean> {
    if (await this.describe(topic) === undefined) return false;
    const admin = this.#cluster.admin(`remove topic '${topic}'`);
    return await isDone(admin.deleteTopics({ topics: [topic] }), "UNKNOWN_TOPIC_OR_PARTITION");
  }

  async removeGroup(topic: string, group: string): Promise<boolean> {
    const groups = [this.#groupName(group, topic)];
    const admin = this.#cluster.admin(`remove group '${groups[0]}'`);
    return await isDone(admin.deleteGroups({ groups }), "GROUP_ID_NOT_FOUND");
  }
}
