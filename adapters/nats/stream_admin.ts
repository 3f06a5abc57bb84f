import { checkTopic } from "@beat/beat/message";
import { checkOptions, type TopicAdmin, type TopicConfig } from "@beat/beat/transport";
import type { Connection } from "./connection.ts";
import type { GivenBack } from "./given_back.ts";
import { isConsumerOf, safeName, subjectsOf, topicOf } from "./names.ts";
import type { NatsPlan } from "./options.ts";
import {
  changesOf,
  configOf,
  limited,
  limitsOf,
  NANOS,
  storageOf,
  TOPIC_RULES,
} from "./topic_config.ts";
import { type Topics, unlessMissing } from "./topics.ts";

/** Creates and changes topics, each of which is a stream. */
export class StreamAdmin implements TopicAdmin {
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #givenBack: GivenBack;
  readonly #plan: NatsPlan;
  readonly #creating = new Map<string, Promise<unknown>>();

  constructor(connection: Connection, topics: Topics, givenBack: GivenBack, plan: NatsPlan) {
    this.#connection = connection;
    this.#topics = topics;
    this.#givenBack = givenBack;
    this.#plan = plan;
  }

  async create(topic: string, config: TopicConfig = {}): Promise<"created" | "exists"> {
    const action = `create topic '${topic}'`;
    checkTopic("create a topic", topic);
    checkOptions(action, config, TOPIC_RULES);
    const before = this.#creating.get(topic);
    if (before !== undefined) return await before.then(() => "exists" as const);
    const creating = this.#create(action, topic, config);
    this.#creating.set(topic, creating);
    try {
      return await creating;
    } finally {
      this.#creating.delete(topic);
      this.#topics.forget(topic);
    }
  }

  async update(topic: string, config: TopicConfig): Promise<readonly string[]> {
    const action = `update topic '${topic}'`;
    checkOptions(action, config, TOPIC_RULES);
    const info = await this.#topics.own(action, topic);
    if (info === undefined) throw new RangeError(`Cannot ${action} as there is none`);
    const changed = changesOf(action, configOf(info), config);
    if (changed.length === 0) return changed;
    const { jsm } = await this.#connection.open(action);
    await jsm.streams.update(safeName(topic), limited(info.config, config));
    return changed;
  }

  async describe(topic: string): Promise<TopicConfig | undefined> {
    const info = await this.#topics.own(`describe topic '${topic}'`, topic);
    return info && configOf(info);
  }

  async list(): Promise<readonly string[]> {
    const { jsm } = await this.#connection.open("list topics");
    const found: string[] = [];
    for await (const { config } of jsm.streams.list()) {
      const topic = topicOf(config.name, config.subjects ?? []);
      if (topic !== undefined) found.push(topic);
    }
    return found.sort();
  }

  async remove(topic: string): Promise<boolean> {
    const { jsm } = await this.#connection.open(`remove topic '${topic}'`);
    this.#topics.forget(topic);
    const stream = safeName(topic);
    const found = await unlessMissing(jsm.streams.delete(stream)) ?? false;
    if (found) await this.#givenBack.forget(stream);
    return found;
  }

  async removeGroup(topic: string, group: string): Promise<boolean> {
    const action = `remove group '${group}' of topic '${topic}'`;
    const { jsm } = await this.#connection.open(action);
    const { stream } = await this.#topics.open(action, topic);
    let found = false;
    for await (const { name } of jsm.consumers.list(stream)) {
      if (!isConsumerOf(group, name)) continue;
      found = await unlessMissing(jsm.consumers.delete(stream, name)) ?? found;
      await this.#givenBack.forget(stream, name);
    }
    return found;
  }

  async #create(
    action: string,
    topic: string,
    config: TopicConfig,
  ): Promise<"created" | "exists"> {
    if (await this.#topics.own(action, topic) !== undefined) return "exists";
    const { jsm } = await this.#connection.open(action);
    const window = Math.min(this.#plan.duplicateWindow, config.retentionMs ?? Infinity);
    await jsm.streams.add({
      name: safeName(topic),
      subjects: subjectsOf(topic, config.partitions ?? this.#plan.partitions),
      storage: storageOf(config),
      duplicate_window: window * NANOS,
      ...limitsOf(config),
    });
    return "created";
  }
}
