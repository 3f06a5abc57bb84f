import { checkTopic } from "@beat/beat/message";
import { checkOptions, choice, integer, type Rules } from "@beat/beat/transport";
import type { TopicAdmin, TopicConfig } from "@beat/beat/transport";
import type { KafkaAdmin } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { isRefusedFor } from "./errors.ts";
import { findTopic, openTopic } from "./topics.ts";

const RULES: Rules = {
  partitions: integer(1),
  replicas: integer(1),
  retentionMs: integer(1),
  retentionBytes: integer(1),
  compression: choice("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"),
};
/** What Kafka calls the fields that are settings of a topic. */
const SETTINGS = {
  retentionMs: "retention.ms",
  retentionBytes: "retention.bytes",
  compression: "compression.type",
} as const;
const UNABLE = ["maxMessages", "persistence"] as const;
/** What is left to the broker. */
const DEFAULT = -1;
/** Kafka's numbers for a topic among the resources, and for setting a value. */
const TOPIC = 2;
const SET = 0;

/** A topic that was created is there: it is asked for until it is known. */
const CREATED = { retries: 20 };
/** What is known from before does not count. */
const FRESH = { retries: 1, forceUpdate: true };

type Setting = keyof typeof SETTINGS;
const settings = Object.entries(SETTINGS) as [Setting, string][];

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
    const configs = settings.flatMap(([field, name]) =>
      config[field] === undefined ? [] : [{ name, value: String(config[field]) }]
    );
    try {
      await admin.createTopics({ topics: [topic], partitions, replicas, configs });
    } catch (error) {
      if (isRefusedFor(error, "TOPIC_ALREADY_EXISTS")) return "exists";
      throw error;
    }
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
    const changed = settings.filter(([field]) =>
      config[field] !== undefined && config[field] !== known[field]
    );
    if (changed.length > 0) {
      const configs = changed.map(([field, name]) => {
        return { name, configOperation: SET, value: String(config[field]) } as const;
      });
      const resources = [{ resourceType: TOPIC, resourceName: topic, configs } as const];
      await admin.incrementalAlterConfigs({ resources: [...resources] });
    }
    const fields: string[] = changed.map(([field]) => field);
    const { partitions: count = known.partitions! } = config;
    if (count === known.partitions) return fields;
    await admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] });
    return ["partitions", ...fields];
  }

  async describe(topic: string): Promise<TopicConfig | undefined> {
    const admin = this.#cluster.admin(`describe topic '${topic}'`);
    const found = await findTopic(admin, topic, FRESH);
    if (found === undefined) return undefined;
    const names = settings.map(([, name]) => name);
    const resource = {
      resourceType: TOPIC,
      resourceName: topic,
      configurationKeys: names,
    } as const;
    const [described] = await admin.describeConfigs({ resources: [resource] });
    const values = new Map(described?.configs.map(({ name, value }) => [name, value ?? ""]));
    const { leaders: { length: partitions }, replicas } = found;
    return { partitions, replicas, ...readSettings(values) };
  }

  async list(): Promise<readonly string[]> {
    return (await this.#cluster.admin("list topics").listTopics()).sort();
  }

  async remove(topic: string): Promise<boolean> {
    if (await this.describe(topic) === undefined) return false;
    const action = `remove topic '${topic}'`;
    const remove = (admin: KafkaAdmin) => admin.deleteTopics({ topics: [topic] });
    return await this.#unless(action, "UNKNOWN_TOPIC_OR_PARTITION", remove);
  }

  async removeGroup(topic: string, group: string): Promise<boolean> {
    const groups = [this.#groupName(group, topic)];
    const action = `remove group '${groups[0]}'`;
    const remove = (admin: KafkaAdmin) => admin.deleteGroups({ groups });
    return await this.#unless(action, "GROUP_ID_NOT_FOUND", remove);
  }

  /** Whether something was there to be removed. */
  async #unless(
    action: string,
    reason: string,
    remove: (admin: KafkaAdmin) => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await remove(this.#cluster.admin(action));
      return true;
    } catch (error) {
      if (isRefusedFor(error, reason)) return false;
      throw error;
    }
  }
}

/** The fields of what is set; what is not limited has none. */
function readSettings(values: ReadonlyMap<string, string>): TopicConfig {
  const limit = (field: Setting) => {
    const value = Number(values.get(SETTINGS[field]) ?? DEFAULT);
    return value < 0 ? {} : { [field]: value };
  };
  const compression = values.get(SETTINGS.compression) ?? "producer";
  return { ...limit("retentionMs"), ...limit("retentionBytes"), compression };
}

function checkConfig(action: string, config: TopicConfig): void {
  const unable = UNABLE.find((name) => config[name] !== undefined);
  if (unable !== undefined) {
    throw new RangeError(`Cannot ${action} as Kafka has no '${unable}' for a topic`);
  }
  checkOptions(action, config, RULES);
}

function checkChange(action: string, known: TopicConfig, config: TopicConfig): void {
  if ((config.partitions ?? Infinity) < known.partitions!) {
    throw new RangeError(
      `Cannot ${action} as 'partitions' must be at least ${known.partitions}, which there are: current value is ${config.partitions}`,
    );
  }
  if ((config.replicas ?? known.replicas) !== known.replicas) {
    throw new RangeError(
      `Cannot ${action} as 'replicas' must stay ${known.replicas}: current value is ${config.replicas}`,
    );
  }
}
