import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { withService } from "../../tests/_services/mod.ts";
import {
  natsPublisher,
  natsSubscriber,
  type NatsTransport,
  natsTransport,
  type NatsTransportOptions,
} from "./mod.ts";

const BINARY = new Uint8Array([0, 255, 13, 10]);

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  /** Runs a test with a topic of its own, and closes what it opened. */
  async function withTopic(
    run: (nats: NatsTransport, topic: string) => Promise<void>,
    options: Partial<NatsTransportOptions> = {},
  ): Promise<void> {
    const nats = natsTransport({ servers: url, ...options });
    const topic = `facts.${crypto.randomUUID()}`;
    try {
      await nats.admin.create(topic);
      await run(nats, topic);
    } finally {
      await nats.admin.remove(topic).catch(() => {});
      await nats.close();
    }
  }

  async function withClient(
    run: (client: Awaited<ReturnType<typeof connect>>) => Promise<void>,
  ): Promise<void> {
    const client = await connect({ servers: url });
    try {
      await run(client);
    } finally {
      await client.close();
    }
  }

  describe("natsTransport", () => {
    it("rejects what is published where no stream is, and sends nothing by core NATS", async () => {
      const nats = natsTransport({ servers: url });
      await withClient(async (client) => {
        let heard = 0;
        client.subscribe("facts.nowhere", { callback: () => void heard++ });
        await client.flush();
        const publishing = publisher(nats).publish("facts.nowhere", new Message("a"));
        const error = await assertRejects(() => publishing, PublishError);
        assertEquals(error.failed.map(({ outcome }) => outcome), ["rejected"]);
        await client.flush();
        assertEquals(heard, 0);
      });
      await nats.close();
    });

    it("rejects what is published after its stream was removed", () =>
      withTopic(async (nats, topic) => {
        const out = publisher(nats);
        await out.publish(topic, new Message("kept"));
        await nats.admin.remove(topic);
        const error = await assertRejects(
          () => out.publish(topic, new Message("late")),
          PublishError,
        );
        assertEquals(error.failed[0]!.outcome, "rejected");
      }));

    it("rejects a subscription where no stream is", async () => {
      const nats = natsTransport({ servers: url });
      await assertRejects(
        () => consume(nats, () => {}, { topic: "facts.nowhere", group: "all" }),
        RangeError,
        "Cannot subscribe to 'facts.nowhere' as no stream takes the subject",
      );
      await nats.close();
    });

    it("stores a message once that is published twice, and its dead letter beside it", () =>
      withTopic(async (nats, topic) => {
        const message = new Message("a", { uuid: "the same" });
        await publisher(nats).publish(topic, message);
        await publisher(nats).publish(topic, message);
        const sink = nats.sink();
        const [recs] = [await nats.peek(topic, 10)];
        assertEquals(recs.length, 1);
        await sink.send(topic, [{ topic, rec: recs[0]!, identity: `${topic}:the same:billing` }]);
        assertEquals((await nats.peek(topic, 10)).map(({ id }) => id), ["the same", "the same"]);
      }));

    it("carries names that the server would obey, and values that the client would trim", () =>
      withTopic(async (nats, topic) => {
        const metadata = {
          "Nats-Rollup": "all",
          "nats-msg-id": "1",
          "Beat-UUID": "2",
          "Beat-Meta-a": "3",
          space: " \u00a0x ",
          plain: "ä 100%",
        };
        await publisher(nats).publish(topic, new Message("before"));
        await publisher(nats).publish(topic, new Message(BINARY, { key: " ключ\r\n", metadata }));
        const [before, rec] = await nats.peek(topic, 10);
        assertEquals(new TextDecoder().decode(before!.payload), "before");
        assertEquals(Object.fromEntries(rec!.headers), metadata);
        assertEquals([rec!.key, [...rec!.payload]], [" ключ\r\n", [...BINARY]]);
      }));

    it("names a message of somebody else by its place, and reads its headers", () =>
      withTopic(async (nats, topic) => {
        await withClient(async (client) => {
          const foreign = headers();
          foreign.append("tenant", "first");
          foreign.append("tenant", "last");
          foreign.append("Nats-Msg-Id", "x");
          client.publish(topic, "hello", { headers: foreign });
          await client.flush();
        });
        const [rec] = await nats.peek(topic, 1);
        assertEquals([rec!.id, rec!.headers], [`${topic}//1`, [["tenant", "last"]]]);
      }));

    it("keeps the order of keys among two members that fail now and then", () =>
      withTopic(async (nats, topic) => {
        const total = 200;
        const last = new Map<string, number>();
        const reordered: string[] = [];
        const done = Promise.withResolvers<void>();
        let count = 0;
        const members = await Promise.all([1, 2].map(() =>
          consume(nats, ([message]) => {
            const number = Number(message!.text());
            if (message!.attempt === 1 && number % 19 === 0) {
              message!.nack({ delay: number % 2 });
              return;
            }
            if (number <= (last.get(message!.key) ?? -1)) reordered.push(message!.text());
            last.set(message!.key, number);
            if (++count === total) done.resolve();
          }, { topic, group: "all", ordered: "key", workers: 4, from: "earliest", retry: 3 })
        ));
        const messages = Array.from(
          { length: total },
          (_, at) => new Message(String(at), { key: `key-${at % 16}` }),
        );
        await publisher(nats).publish(topic, messages);
        await done.promise;
        await Promise.all(members.map((member) => member.close()));
        assertEquals(reordered, []);
      }, { partitions: 8 }));

    it("has several messages of a partition under way where no order was asked for", () =>
      withTopic(async (nats, topic) => {
        const all = Promise.withResolvers<void>();
        let running = 0;
        const consumption = await consume(nats, async () => {
          if (++running === 3) all.resolve();
          await all.promise;
        }, { topic, group: "all", workers: 3, from: "earliest" });
        const messages = [1, 2, 3].map((at) => new Message(String(at), { key: "one" }));
        await publisher(nats).publish(topic, messages);
        await all.promise;
        await consumption.close();
        await assertRejects(
          () => consume(nats, () => {}, { topic, group: "all", ordered: "key" }),
          RangeError,
          "'max_ack_pending' must be 1 to keep the order of keys",
        );
      }, { partitions: 2 }));

    it("does not count what a member gives back that no handler has seen", () =>
      withTopic(async (nats, topic) => {
        const messages = Array.from({ length: 5 }, (_, at) => new Message(String(at)));
        await publisher(nats).publish(topic, messages);
        for (let round = 0; round < 2; round++) {
          const began = Promise.withResolvers<void>();
          const go = Promise.withResolvers<void>();
          const consumption = await consume(nats, async () => {
            began.resolve();
            await go.promise;
          }, { topic, group: "all", from: "earliest" });
          await began.promise;
          const closing = consumption.close();
          go.resolve();
          await closing;
        }
        const attempts: number[] = [];
        const done = Promise.withResolvers<void>();
        const consumption = await consume(nats, ([message]) => {
          attempts.push(message!.attempt);
          if (attempts.length === 3) done.resolve();
        }, { topic, group: "all" });
        await done.promise;
        await consumption.close();
        assertEquals(attempts, [1, 1, 1]);
      }));

    it("leaves a connection open that was handed in", () =>
      withClient(async (client) => {
        const nats = natsTransport({ connection: client });
        const topic = `facts.${crypto.randomUUID()}`;
        assertEquals(await nats.admin.create(topic), "created");
        await publisher(nats).publish(topic, new Message("a"));
        const consumption = await consume(nats, () => {}, { topic, group: "all" });
        await consumption.close();
        assertEquals(await nats.admin.remove(topic), true);
        await nats.close();
        await client.flush();
        assertEquals(client.isClosed(), false);
      }));

    it("reads and writes a stream that somebody else has made", () =>
      withClient(async (client) => {
        const jsm = await jetstreamManager(client);
        const name = `OTHERS-${crypto.randomUUID()}`;
        const root = `others-${crypto.randomUUID()}`;
        await jsm.streams.add({ name, subjects: [`${root}.>`] });
        const nats = natsTransport({ connection: client });
        const topic = `${root}.paid`;
        await publisher(nats).publish(topic, new Message("mine"));
        await publisher(nats).publish(`${root}.open`, new Message("other"));
        const got = Promise.withResolvers<string>();
        const consumption = await consume(nats, ([message]) => got.resolve(message!.text()), {
          topic,
          from: "earliest",
        });
        assertEquals(await got.promise, "mine");
        await consumption.close();
        await jsm.streams.delete(name);
      }));

    it("refuses a group whose consumer somebody has made for something else", () =>
      withClient(async (client) => {
        const jsm = await jetstreamManager(client);
        const name = `OTHERS-${crypto.randomUUID()}`;
        const root = `others-${crypto.randomUUID()}`;
        await jsm.streams.add({ name, subjects: [`${root}.>`] });
        const nats = natsTransport({ connection: client });
        const join = async (topic: string, group: string) =>
          await (await consume(nats, () => {}, { topic, group })).close();
        await join(`${root}.paid`, "all");
        await join(`${root}.paid`, "all");
        await assertRejects(
          () => join(`${root}.open`, "all"),
          RangeError,
          `its consumer 'all' does not fit: 'filter_subject' must be '${root}.open'`,
        );
        await jsm.consumers.add(name, { durable_name: "quick", ack_policy: AckPolicy.None });
        await assertRejects(
          () => join(`${root}.open`, "quick"),
          RangeError,
          "its consumer 'quick' does not fit: 'ack_policy' must be 'explicit'",
        );
        await jsm.streams.delete(name);
      }));

    it("has a pair that opens a connection each, and closes it", () =>
      withTopic(async (_nats, topic) => {
        const out = natsPublisher({ servers: url });
        const reader = natsSubscriber({ servers: url });
        const stream = await reader.subscribe(topic, { group: "all" });
        await out.publish(topic, new Message("hello"));
        for await (const message of stream) {
          assertEquals(message.text(), "hello");
          message.ack();
          break;
        }
        await Promise.all([out.close(), reader.close()]);
        await assertRejects(() => out.publish(topic, new Message("late")), ClosedError);
      }));

    it("is healthy while the server answers", async () => {
      const nats = natsTransport({ servers: url });
      assert((await nats.health()).ok);
      await nats.close();
      assertEquals((await nats.health()).ok, false);
      const nobody = natsTransport({ servers: "nats://127.0.0.1:1" });
      assertEquals((await nobody.health()).ok, false);
      await nobody.close();
    });
  });
});

describe("natsTransport", () => {
  it("refuses options that do not fit", async () => {
    for (
      const [options, says] of [
        [{}, "one of 'servers' and 'connection' must be given"],
        [{ servers: "" }, "'servers' must be a URL, or several"],
        [{ servers: "a", lease: 1 }, "'lease' must be an integer of at least 100"],
        [{ servers: "a", prefix: "b" }, "'prefix'"],
      ] as const
    ) {
      await assertRejects(
        async () => void await natsTransport(options as NatsTransportOptions),
        Error,
        says,
      );
    }
  });
});
