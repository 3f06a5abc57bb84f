import type { TopicAdmin } from "../../src/transport/capabilities.ts";
import { override } from "../../src/testing/probes.ts";
import { type Bench, type Break, deliversNothing, memory } from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** A broker whose admin does some things otherwise. */
function admin(change: (admin: TopicAdmin) => Partial<TopicAdmin>, broken?: Break): Bench {
  return memory((transport) => {
    const { admin } = transport;
    const other = override(transport, { admin: override(admin!, change(admin!)) });
    return broken?.(other) ?? other;
  });
}

/** Defects of what creates, changes and removes topics. */
export const ADMIN_DEFECTS: Defects = {
  "admin: a topic is created once, described, listed, used and removed": [
    {
      defect: "says that it has removed what there was not",
      make: () => admin((own) => ({ remove: async (topic) => (await own.remove(topic), true) })),
      says: /Whether there was a topic that was removed must be false/,
    },
    {
      defect: "tells all who create a topic at the same time that they did",
      make: () =>
        admin((own) => {
          const creating = new Map<string, Promise<"created" | "exists">>();
          return {
            create(topic) {
              const making = creating.get(topic) ?? own.create(topic);
              creating.set(topic, making);
              return making;
            },
          };
        }),
      says: /What three who create it are told must be/,
    },
    {
      defect: "creates a topic anew that is there",
      make: () =>
        admin((own) => {
          let calls = 0;
          return {
            async create(topic) {
              if (++calls > 3) await own.remove(topic);
              return await own.create(topic);
            },
          };
        }),
      says: /What who creates it later is told must be "exists"/,
    },
    {
      defect: "lists no topics",
      make: () => admin(() => ({ list: () => Promise.resolve([]) })),
      says: /A topic that was created was described and not listed within/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => admin(() => ({}), deliversNothing),
      says: /3 of 3 messages did not come/,
      waits: true,
    },
    {
      defect: "does not say that it has removed a topic",
      make: () => admin((own) => ({ remove: async (topic) => (await own.remove(topic), false) })),
      says: /Whether there was a topic must be true: it is false/,
    },
  ],
  "admin: an update tells what it has changed, and what the broker cannot do is refused": [
    {
      defect: "tells of all fields that it was given",
      make: () =>
        admin((own) => ({
          async update(topic, config) {
            await own.update(topic, config);
            return Object.keys(config);
          },
        })),
      says: /What an update to what it is changes must be \[\]/,
    },
    {
      defect: "passes over what it cannot do",
      make: () =>
        admin((own) => ({
          update: (topic, { compression: _, ...config }) => own.update(topic, config),
        })),
      says: /An update to a compression that nobody has must fail: it did not/,
    },
    {
      defect: "does not say what it cannot do",
      make: () =>
        admin((own) => ({
          update: (topic, config) =>
            own.update(topic, config).catch(() => {
              throw new RangeError("Cannot update the topic");
            }),
        })),
      says: /A refusal must name the field: RangeError: Cannot update the topic/,
    },
    {
      defect: "does not tell what it has changed",
      make: () =>
        admin((own) => ({
          async update(topic, config) {
            await own.update(topic, config);
            return [];
          },
        })),
      says: /What an update of how long records are kept changes must be \["retentionMs"\]/,
    },
    {
      defect: "describes a topic as it was made",
      make: () =>
        admin((own) => {
          const known = new Map<string, Promise<Awaited<ReturnType<TopicAdmin["describe"]>>>>();
          return {
            describe(topic) {
              if (!known.has(topic)) known.set(topic, own.describe(topic));
              return known.get(topic)!;
            },
          };
        }),
      says: /Records are kept for Infinity ms, and not for an hour within/,
      waits: true,
    },
    {
      defect: "tells again of what it has changed before",
      make: () =>
        admin((own) => ({
          async update(topic, config) {
            const changed = await own.update(topic, config);
            return Object.keys(config).length === 1 ? ["retentionMs"] : changed;
          },
        })),
      says: /What the same update changes again must be \[\]/,
    },
    {
      defect: "updates a topic that there is not",
      make: () =>
        admin((own) => ({
          update: async (topic, config) =>
            await own.describe(topic) === undefined ? [] : await own.update(topic, config),
        })),
      says: /An update of a topic that there is not must fail: it did not/,
    },
  ],
  "admin: a group that is removed has no position any more": [
    {
      defect: "delivers nothing",
      make: () => admin(() => ({}), deliversNothing),
      says: /5 of 5 messages did not come/,
      waits: true,
    },
    {
      defect: "does not say that it has removed a group",
      make: () =>
        admin((own) => ({
          removeGroup: async (...args) => (await own.removeGroup(...args), false),
        })),
      says: /Whether there was a group must be true: it is false/,
    },
    {
      defect: "says that it has removed a group that there was not",
      make: () =>
        admin((own) => ({
          removeGroup: async (...args) => (await own.removeGroup(...args), true),
        })),
      says: /Whether there was it once more must be false: it is true/,
    },
    {
      defect: "removes no group",
      make: () =>
        admin(() => {
          let calls = 0;
          return { removeGroup: () => Promise.resolve(calls++ === 0) };
        }),
      says: /5 of 5 messages did not come/,
      waits: true,
    },
    {
      defect: "removes all groups",
      make: () =>
        admin((own) => ({
          async removeGroup(topic, group) {
            await own.removeGroup(topic, "other");
            return await own.removeGroup(topic, group);
          },
        })),
      says: /What a group gets again when another one was removed must be \[\]/,
    },
  ],
};
