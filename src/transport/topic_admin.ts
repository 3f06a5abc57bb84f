import { checkTopic } from "../message/names.ts";
import { check, checkObject, checkOptions, type Rules } from "../options/options.ts";
import type { TopicAdmin, TopicConfig } from "./capabilities.ts";
import { GROUP } from "./group_rule.ts";

/** What a broker does with topics. What it is asked for has been checked by {@linkcode topicAdmin}. */
export interface TopicBooks
  extends Pick<TopicAdmin, "describe" | "list" | "remove" | "removeGroup"> {
  /** What the broker is called. */
  readonly broker: string;
  /** What each field must be; there are no others. */
  readonly rules: Rules;
  /** Fields that stay as the topic was made with. */
  readonly fixed: readonly (keyof TopicConfig)[];
  /** Makes a topic, unless there is one. */
  create(topic: string, config: TopicConfig): Promise<"created" | "exists">;
  /** Gives some fields of a topic other values; `known` is what all were before. */
  change(topic: string, changes: TopicConfig, known: TopicConfig): Promise<unknown>;
}

/** All fields there are, so that one that a broker does not have is told from one that nobody knows. */
const FIELDS: Record<keyof Required<TopicConfig>, true> = {
  partitions: true,
  replicas: true,
  retentionMs: true,
  retentionBytes: true,
  maxMessages: true,
  persistence: true,
  compression: true,
};

/**
 * Creates and changes topics by the books of a broker: what a broker cannot do is refused by name, what
 * would not change is not touched, and of those who create a topic at the same time one has created it.
 *
 * @example The topics of a broker that has them in memory
 * ```ts
 * import { integer, topicAdmin, type TopicConfig } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const topics = new Map<string, TopicConfig>();
 * const admin = topicAdmin({
 *   broker: "Shelf",
 *   rules: { partitions: integer(1), maxMessages: integer(1) },
 *   fixed: ["partitions"],
 *   async create(topic, config) {
 *     if (topics.has(topic)) return "exists";
 *     topics.set(topic, config);
 *     return "created";
 *   },
 *   change: async (topic, changes, known) => topics.set(topic, { ...known, ...changes }),
 *   describe: async (topic) => topics.get(topic),
 *   list: async () => [...topics.keys()],
 *   remove: async (topic) => topics.delete(topic),
 *   removeGroup: async () => false,
 * });
 * await admin.create("orders", { partitions: 2 });
 * assertEquals(await admin.update("orders", { partitions: 2, maxMessages: 9 }), ["maxMessages"]);
 * ```
 */
export function topicAdmin(books: TopicBooks): TopicAdmin {
  const { broker, rules, fixed } = books;
  const creating = new Map<string, Promise<unknown>>();
  const checkConfig = (action: string, config: TopicConfig): TopicConfig => {
    checkObject(action, config);
    const given = withoutUndefined(config);
    const unable = Object.keys(given).find((name) => name in FIELDS && !(name in rules));
    if (unable !== undefined) {
      throw new RangeError(`Cannot ${action} as ${broker} has no '${unable}' for a topic`);
    }
    checkOptions(action, given, rules);
    return given;
  };
  return {
    async create(topic, config = {}) {
      checkTopic("create a topic", topic);
      const given = checkConfig(`create topic '${topic}'`, config);
      const before = creating.get(topic);
      if (before !== undefined) return await before.then(() => "exists" as const);
      const own = books.create(topic, given);
      creating.set(topic, own);
      try {
        return await own;
      } finally {
        creating.delete(topic);
      }
    },

    async update(topic, config) {
      checkTopic("update a topic", topic);
      const action = `update topic '${topic}'`;
      const given = checkConfig(action, config);
      const known = await books.describe(topic);
      if (known === undefined) throw new RangeError(`Cannot ${action} as there is none`);
      const changes = Object.entries(given)
        .filter(([name, value]) => value !== known[name as keyof TopicConfig]);
      const names = changes.map(([name]) => name as keyof TopicConfig);
      const refused = fixed.find((name) => names.includes(name));
      if (refused !== undefined) {
        throw new RangeError(
          `Cannot ${action} as '${refused}' must stay ${known[refused]}: current value is ${
            config[refused]
          }`,
        );
      }
      if (names.length > 0) await books.change(topic, Object.fromEntries(changes), known);
      return names;
    },

    async describe(topic) {
      checkTopic("describe a topic", topic);
      return await books.describe(topic);
    },

    list: () => books.list(),

    async remove(topic) {
      checkTopic("remove a topic", topic);
      return await books.remove(topic);
    },

    async removeGroup(topic, group) {
      checkTopic("remove a group", topic);
      check("remove a group", "group", group, GROUP);
      return await books.removeGroup(topic, group);
    },
  };
}

/** A field that is `undefined` is left out; what it inherits counts, as everywhere. */
function withoutUndefined(config: TopicConfig): TopicConfig {
  const given: Record<string, unknown> = {};
  for (const name in config) {
    const value = config[name as keyof TopicConfig];
    if (value !== undefined) given[name] = value;
  }
  return given;
}
