import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { Admin, Consumer, Producer } from "@platformatic/kafka";
import { Child } from "../../tests/faults/child.ts";
import { faultsOfRestart } from "../../tests/faults/restart.ts";
import { withService } from "../../tests/_services/mod.ts";
import { isRefusedFor } from "./errors.ts";
import { commitPositions } from "./membership.ts";
import type { MissedRecords } from "./mod.ts";
import { take, TestHost, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("kafka", "BEAT_KAFKA_URL", ({ url, freeze, renew }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("Kafka, when something fails", () => {
    it(
      "waits for a handler when partitions are shared out, and what it did counts",
      test(async (place) => {
        const own = { bootstrapBrokers: [url] };
        let releases = () => {};
        const kafka = await place.withTopic(1, {
          sessionTimeout: 10_000,
          clients: {
            admin: (options) => new Admin({ ...own, ...options }),
            producer: (options) => new Producer({ ...own, ...options }),
            consumer: (options) =>
              new Consumer({
                ...{ ...own, ...options },
                protocolsMetadata() {
                  releases();
                  return options.protocolsMetadata();
                },
              }),
          },
        });
        await place.publish(kafka, ["one", "two"], "key");
        const calls: string[] = [];
        const began = Promise.withResolvers<void>();
        const go = Promise.withResolvers<void>();
        const finished = Promise.withResolvers<void>();
        const handle = async ([message]: readonly Message[]) => {
          calls.push(message!.text());
          began.resolve();
          await go.promise;
          if (calls.includes("two")) finished.resolve();
        };
        const { topic } = place;
        const options = { topic, group: "all", from: "earliest", ordered: "key" } as const;
        const first = await consume(kafka, handle, options);
        await began.promise;
        const releasing = new Promise<void>((resolve) => releases = resolve);
        const joining = consume(place.transport(), handle, options);
        // The first member is to give its partition away, and its handler still runs.
        await releasing;
        go.resolve();
        const second = await joining;
        await finished.promise;
        await Promise.all([first.close(), second.close()]);
        assertEquals(calls, ["one", "two"]);
        assertEquals(await place.positions(), [2n]);
      }),
    );

    it(
      "keeps the order of each key among two members of which one is killed",
      test(async (place) => {
        const kafka = await place.withTopic(4);
        const keys = Array.from({ length: 16 }, (_, at) => `key ${at}`);
        const publish = async (round: number) => {
          const out = publisher(kafka);
          await out.publish(
            place.topic,
            keys.map((key) => new Message(`${key} ${round}`, { key })),
          );
          await out.close();
        };
        const seen: string[] = [];
        const complete = Promise.withResolvers<void>();
        const survivor = await consume(kafka, ([message]) => {
          seen.push(message!.text());
          if (new Set(seen).size === 3 * keys.length) complete.resolve();
        }, { topic: place.topic, group: "all", from: "earliest", ordered: "key" });
        place.opened(() => survivor.close());
        const script = new URL("./testdata/hanging_consumer.ts", import.meta.url);
        const child = new Child(script, [url, place.topic, "1500"]);
        await child.says("joined");
        for (let round = 1; round <= 3; round++) await publish(round);
        await child.says("got");
        await child.kill();
        await complete.promise;
        for (const key of keys) {
          const own = seen.filter((text) => text.startsWith(`${key} `));
          assertEquals(own, [...own].sort(), key);
        }
      }),
    );

    it(
      "does not commit what a member had before its partitions were given away",
      test(async (place) => {
        const kafka = await place.withTopic(2);
        await place.publish(kafka, ["one", "two", "three"], "key");
        const host = new TestHost();
        const first = await place.source(kafka, place.spec(), host);
        const taken = await take(first, 3);
        assertEquals(textsOf(taken), ["one", "two", "three"]);
        await first.ack(taken.slice(0, 1));
        const before = await place.positions();
        await place.source(place.transport());
        await host.revoked;
        await first.ack(taken.slice(2));
        assertEquals(await place.positions(), before);
        assertEquals(before.reduce((sum, offset) => sum + offset), 1n);
      }),
    );

    it(
      "has the broker refuse what is committed for an earlier assignment",
      test(async (place) => {
        await place.withTopic();
        const { topic } = place;
        const join = async (): Promise<Consumer> => {
          const consumer = new Consumer({
            ...{ clientId: "test", bootstrapBrokers: [url], groupId: `all.${topic}` },
            heartbeatInterval: 100,
          });
          place.opened(() => consumer.close());
          consumer.topics.track(topic);
          await consumer.joinGroup({});
          return consumer;
        };
        const member = await join();
        const { groupId: group, generationId: generation } = member;
        const memberId = member.memberId!;
        const commit = (offset: bigint) =>
          commitPositions(member, { group, memberId, generation }, topic, new Map([[0, offset]]));
        await commit(1n);
        const rejoined = new Promise((resolve) => member.once("consumer:group:join", resolve));
        const joining = join();
        await rejoined;
        await joining;
        const error = await assertRejects(() => commit(2n));
        assert(isRefusedFor(error, "ILLEGAL_GENERATION"));
        assertEquals(await place.positions(), [1n]);
      }),
    );

    it(
      "loses its partitions when the group went on without it, and joins again",
      test(async (place) => {
        const kafka = await place.withTopic();
        await place.publish(kafka, ["one"]);
        const host = new TestHost();
        const member = await place.source(kafka, place.spec(), host);
        const [taken] = await take(member, 1);
        await place.kafka.removeMembersFromConsumerGroup({ groupId: `all.${place.topic}` });
        const again = await take(member, 1);
        assertEquals(textsOf(again), ["one"]);
        assertEquals(host.lostLanes, [taken!.lane]);
        assert(again[0]!.lane !== taken!.lane);
      }),
    );

    it(
      "goes on where there is something when retention has passed a group, and says what is gone",
      test(async (place) => {
        const missed: MissedRecords[] = [];
        const kafka = await place.withTopic(1, { onMissed: (gone) => missed.push(gone) });
        const { topic } = place;
        await place.publish(kafka, ["one", "two", "three", "four"]);
        const first = await place.source(kafka);
        await first.ack(await take(first, 1));
        await first.close();
        const partitions = [{ partition: 0, offset: 3n }];
        await place.kafka.deleteRecords({ topics: [{ name: topic, partitions }] });
        const second = await place.source(kafka);
        assertEquals(textsOf(await take(second, 1)), ["four"]);
        assertEquals(missed, [{ topic, group: "all", lane: "0", count: 2, from: "1" }]);
      }),
    );

    it(
      "reads a partition from its beginning that a topic got while it was consumed",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        const came = Promise.withResolvers<string>();
        const consumption = await consume(kafka, ([message]) => came.resolve(message!.text()), {
          topic: place.topic,
          group: "all",
          reconnect: { initialDelay: 1 },
        });
        place.opened(() => consumption.close());
        const admin = place.transport();
        assertEquals(await admin.admin.update(place.topic, { partitions: 2 }), ["partitions"]);
        // Of 16 keys some go to the new partition; those of the first are read in any case.
        const keys = Array.from({ length: 16 }, (_, at) => `key ${at}`);
        const out = publisher(admin);
        await out.publish(place.topic, keys.map((key) => new Message(key, { key })));
        await out.close();
        await came.promise;
        while ((await place.positions()).reduce((sum, offset) => sum + offset) < 16n);
      }),
    );

    it(
      "keeps its partitions while a handler takes longer than a session",
      test(async (place) => {
        const own = { bootstrapBrokers: [url] };
        const release = Promise.withResolvers<void>();
        let isBusy = false;
        let beats = 0;
        const kafka = await place.withTopic(1, {
          clients: {
            admin: (options) => new Admin({ ...own, ...options }),
            producer: (options) => new Producer({ ...own, ...options }),
            consumer(options) {
              const consumer = new Consumer({ ...own, ...options });
              // Ten of them make a session.
              consumer.on("consumer:heartbeat:end", () => {
                if (isBusy && ++beats === 15) release.resolve();
              });
              return consumer;
            },
          },
        });
        await place.publish(kafka, ["one", "two"]);
        const texts: string[] = [];
        const done = Promise.withResolvers<void>();
        const consumption = await consume(kafka, async ([message]) => {
          texts.push(message!.text());
          isBusy = true;
          if (texts.length === 1) await release.promise;
          else done.resolve();
        }, { topic: place.topic, group: "all", from: "earliest" });
        await done.promise;
        await consumption.close();
        assertEquals(texts, ["one", "two"]);
        assertEquals(await place.positions(), [2n]);
      }),
    );

    it(
      "commits up to the first that is not settled when handlers end out of order",
      test(async (place) => {
        const kafka = await place.withTopic();
        await place.publish(kafka, ["one", "two", "three", "four"]);
        const release = Promise.withResolvers<void>();
        const others = Promise.withResolvers<void>();
        const all = Promise.withResolvers<void>();
        let ended = 0;
        const consumption = await consume(kafka, async ([message]) => {
          if (message!.text() === "two") await release.promise;
          ended++;
          if (ended === 3) others.resolve();
          if (ended === 4) all.resolve();
        }, { topic: place.topic, group: "all", from: "earliest", workers: 4 });
        await others.promise;
        while ((await place.positions())[0] !== 1n);
        release.resolve();
        await all.promise;
        await consumption.close();
        assertEquals(await place.positions(), [4n]);
      }),
    );

    it(
      "waits for a topic that was deleted, and has all that is in the new one",
      test(async (place) => {
        const kafka = await place.withTopic();
        const { topic } = place;
        const texts: string[] = [];
        const lost = Promise.withResolvers<void>();
        const came = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const consumption = await consume(kafka, ([message]) => {
          texts.push(message!.text());
          came[texts.length - 1]!.resolve();
        }, {
          ...{ topic, group: "all", from: "earliest" },
          reconnect: { initialDelay: 1, maxDelay: 20 },
          onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
        });
        place.opened(() => consumption.close());
        await place.publish(kafka, ["one"]);
        await came[0]!.promise;
        const other = place.transport();
        await other.admin.remove(topic);
        await lost.promise;
        await other.admin.create(topic);
        await place.publish(other, ["two"]);
        await came[1]!.promise;
        assertEquals(texts, ["one", "two"]);
      }),
    );

    it(
      "refuses a topic that is not there, to who subscribes and to who publishes",
      test(async (place) => {
        const kafka = place.transport();
        const text = "as there is no topic 'nowhere': make one by 'admin.create'";
        const options = { topic: "nowhere", group: "all" };
        await assertRejects(() => consume(kafka, () => {}, options), RangeError, text);
        const out = publisher(kafka);
        const error = await assertRejects(
          () => out.publish("nowhere", new Message("one")),
          PublishError,
        );
        assertEquals(error.failed[0]!.outcome, "rejected");
        assert(String(error.failed[0]!.cause).includes(text));
        await out.close();
      }),
    );

    it(
      "refuses a member whose sessions are too short for the broker",
      test(async (place) => {
        const kafka = await place.withTopic(1, { sessionTimeout: 100 });
        const options = { topic: place.topic, group: "all" };
        const text = "as the broker refuses it with INVALID_SESSION_TIMEOUT";
        await assertRejects(() => consume(kafka, () => {}, options), RangeError, text);
      }),
    );

    it(
      "names what the broker has refused, and what it has stored is not among it",
      test(async (place) => {
        const kafka = place.transport();
        await place.kafka.createTopics({
          ...{ topics: [place.topic], partitions: 2, replicas: 1 },
          configs: [{ name: "max.message.bytes", value: "2000" }],
        });
        const out = publisher(kafka);
        // The partitions of these keys are 1, 0, 1 and 0.
        const messages = ["order-7", "a", "order-7", "a"].map((key, at) =>
          new Message(new Uint8Array(at === 2 ? 3_000 : 1), { key, uuid: String(at) })
        );
        const error = await assertRejects(
          () => out.publish(place.topic, messages),
          PublishError,
        );
        const failed = error.failed.map(({ index, outcome }) => [index, outcome]);
        assertEquals(failed, [[0, "rejected"], [2, "rejected"]]);
        await out.publish(place.topic, messages[0]!);
        await out.close();
        const ids = (await kafka.peek(place.topic, 10)).map(({ id }) => id);
        assertEquals(ids.sort(), ["0", "1", "3"]);
      }),
    );

    const onOurs = renew === undefined ? it.skip : it;
    onOurs(
      "loses nothing when its server is restarted in good order, idle or busy",
      test(async (place) => {
        const transport = await place.withTopic();
        const { topic } = place;
        const faults = await faultsOfRestart({ transport, topic, restart: renew! });
        assertEquals(faults, []);
      }),
    );
    onOurs(
      "ends at once when it is closed while a broker does not answer",
      test(async (place) => {
        const kafka = await place.withTopic(1, { timeout: 1_000 });
        const lost = Promise.withResolvers<void>();
        const consumption = await consume(kafka, () => {}, {
          ...{ topic: place.topic, group: "all" },
          reconnect: { initialDelay: 60_000, maxDelay: 60_000 },
          onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
        });
        const thaw = await freeze!();
        try {
          await lost.promise;
          await consumption.close({ timeout: 1_000 });
          await kafka.close();
        } finally {
          await thaw();
        }
        await assertRejects(() => consume(kafka, () => {}, { topic: place.topic }), ClosedError);
      }),
    );
  });
});
