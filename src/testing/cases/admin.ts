import type { TopicAdmin } from "../../transport/capabilities.ts";
import type { Case } from "../case.ts";
import { demand, demandEqual, failureOf } from "../failure.ts";
import { all, groups, retained } from "../needs.ts";
import { numbered } from "../samples.ts";
import type { World } from "../world.ts";

const HOUR = 3_600_000;

/** What the admin of a transport does, where it has one. */
export const ADMIN: readonly Case[] = [
  {
    name: "admin: a topic is created once, described, listed, used and removed",
    async run(world) {
      const { admin } = await world.connect();
      if (admin === undefined) return;
      const topic = await world.topic();
      // Whoever names the topics may have made it.
      await admin.remove(topic);
      await knows(world, admin, topic, false);
      demandEqual(await admin.remove(topic), false, "Whether there was a topic that was removed");
      const made = await Promise.all([1, 2, 3].map(() => admin.create(topic)));
      demandEqual(
        made.sort(),
        ["created", "exists", "exists"],
        "What three who create it are told",
      );
      demandEqual(await admin.create(topic), "exists", "What who creates it later is told");
      await knows(world, admin, topic, true);
      const inbox = await world.inbox(topic, world.member("all"));
      const messages = numbered(3, 3);
      await world.publish(await world.publisher(), topic, messages);
      await inbox.gets(messages);
      await inbox.close();
      demandEqual(await admin.remove(topic), true, "Whether there was a topic");
      await knows(world, admin, topic, false);
    },
  },
  {
    name: "admin: an update tells what it has changed, and what the broker cannot do is refused",
    async run(world) {
      const { admin } = await world.connect();
      if (admin === undefined) return;
      const topic = await world.topic();
      await admin.create(topic);
      const before = await admin.describe(topic);
      demandEqual(await admin.update(topic, before!), [], "What an update to what it is changes");
      const refused = admin.update(topic, { compression: "conformance" });
      const error = await failureOf(refused, "An update to a compression that nobody has");
      demand(/'compression'/.test(String(error)), `A refusal must name the field: ${error}`);
      const change = { retentionMs: HOUR };
      const changed = await admin.update(topic, change);
      demandEqual(changed, ["retentionMs"], "What an update of how long records are kept changes");
      await world.eventually(
        () => admin.describe(topic),
        (config) => config?.retentionMs === HOUR,
        (config) => `Records are kept for ${config?.retentionMs} ms, and not for an hour`,
      );
      demandEqual(await admin.update(topic, change), [], "What the same update changes again");
      await admin.remove(topic);
      await failureOf(admin.update(topic, change), "An update of a topic that there is not");
    },
  },
  {
    name: "admin: a group that is removed has no position any more",
    needs: all(groups, retained),
    async run(world) {
      const { admin } = await world.connect();
      if (admin === undefined) return;
      const topic = await world.topic();
      const messages = numbered(5, 3);
      await world.publish(await world.publisher(), topic, messages);
      const names = ["all", "other"];
      for (const name of names) {
        const inbox = await world.inbox(topic, world.member(name));
        await inbox.gets(messages);
        await inbox.close();
      }
      demandEqual(await admin.removeGroup(topic, "all"), true, "Whether there was a group");
      demandEqual(await admin.removeGroup(topic, "all"), false, "Whether there was it once more");
      const [again, stays] = await Promise.all(
        names.map((name) => world.inbox(topic, world.member(name))),
      );
      await again!.gets(messages);
      await world.silence();
      demandEqual(stays!.ids, [], "What a group gets again when another one was removed");
    },
  },
];

/** Resolves when a topic is known, or is not. */
async function knows(
  world: World,
  admin: TopicAdmin,
  topic: string,
  isThere: boolean,
): Promise<void> {
  await world.eventually(
    async () => [await admin.describe(topic) !== undefined, (await admin.list()).includes(topic)],
    (found) => found.every((one) => one === isThere),
    ([described, listed]) =>
      `A topic ${isThere ? "that was created" : "that was removed"} was ${
        described ? "" : "not "
      }described and ${listed ? "" : "not "}listed`,
  );
}
