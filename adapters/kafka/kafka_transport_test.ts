import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, Message } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { Admin, Consumer, Producer } from "@platformatic/kafka";
import { Buffer } from "node:buffer";
import { withService } from "../../tests/_services/mod.ts";
import { clientsOf } from "./clients.ts";
import {
  kafkaPublisher,
  kafkaSubscriber,
  kafkaTransport,
  type KafkaTransportOptions,
} from "./mod.ts";
import { take, textOf, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

const NOWHERE = "127.0.0.1:1";

describe("kafkaTransport()", () => {
  it("refuses options that are unknown, malformed or missing", () => {
    const refuses = (options: object, error: typeof RangeError, text: string) => {
      const make = () => kafkaTransport(options as KafkaTransportOptions);
      assertThrows(make, error, `Cannot create a transport for Kafka as ${text}`);
    };
    refuses({}, TypeError, "one of 'brokers' and 'clients' must be given");
    refuses({ brokers: [] }, RangeError, "'brokers' must be a broker as host:port, or several");
    refuses({ brokers: "localhost" }, RangeError, "'brokers' must be a broker as host:port");
    refuses({ clients: {} }, TypeError, "'clients' must be an object with the functions 'admin'");
    refuses({ brokers: NOWHERE, timeout: 999 }, RangeError, "'timeout' must be an integer");
    const times = { sessionTimeout: 2_000, rebalanceTimeout: 1_000 };
    refuses({ brokers: NOWHERE, ...times }, RangeError, "'rebalanceTimeout' must be at least");
    refuses({ brokers: NOWHERE, groupId: "a" }, TypeError, "option 'groupId' is unknown");
  });

  it("connects to nothing until it is used, and can be closed at once", async () => {
    await kafkaTransport({ brokers: NOWHERE }).close();
    await kafkaPublisher({ brokers: NOWHERE }).close();
    await kafkaSubscriber({ brokers: NOWHERE }).close();
  });

  it("tells that no broker answers, and why", async () => {
    const kafka = kafkaTransport({ brokers: NOWHERE });
    const { ok, cause } = await kafka.health();
    assertEquals(ok, false);
    assert(cause instanceof Error);
    const reason = new Error("It took too long");
    const signal = AbortSignal.abort(reason);
    assertEquals((await kafka.health({ signal })).cause, reason);
    await kafka.close();
  });
});

withService("kafka", "BEAT_KAFKA_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("A transport for Kafka", () => {
    it(
      "makes its clients as it is told, with what is added there",
      test(async (place) => {
        const made: string[] = [];
        const own = { bootstrapBrokers: [url] };
        const kafka = place.transport({
          clients: {
            admin(options) {
              made.push("admin");
              return new Admin({ ...own, ...options });
            },
            consumer(options) {
              made.push(`consumer ${options.groupId.startsWith("beat-") ? "" : options.groupId}`);
              return new Consumer({ ...own, ...options });
            },
            producer(options) {
              made.push(`producer ${options.idempotent}`);
              return new Producer({ ...own, ...options });
            },
          },
        });
        await kafka.admin.create(place.topic, { partitions: 1 });
        await place.publish(kafka, ["one"]);
        const source = await place.source(kafka);
        assertEquals(textsOf(await take(source, 1)), ["one"]);
        const member = `consumer all.${place.topic}`;
        assertEquals(made, ["admin", "producer true", "consumer ", member]);
      }),
    );

    it(
      "calls a group what it is told to",
      test(async (place) => {
        const groupName = (group: string, topic: string) => `${topic}_${group}`;
        const kafka = await place.withTopic(1, { groupName });
        const source = await place.source(kafka);
        const groups = await place.kafka.listGroups({ types: ["classic"] });
        assert(groups.has(`${place.topic}_all`));
        await source.close();
        assertEquals(await kafka.admin.removeGroup(place.topic, "all"), true);
        assertEquals(await kafka.admin.removeGroup(place.topic, "all"), false);
      }),
    );

    it(
      "gives a group its positions before anybody is in it",
      test(async (place) => {
        const kafka = await place.withTopic(2);
        await place.publish(kafka, ["one"]);
        await (await place.source(kafka, place.spec({ from: "latest" }))).close();
        assertEquals((await place.positions()).reduce((sum, offset) => sum + offset), 1n);
        await place.publish(kafka, ["two"]);
        const again = await place.source(kafka, place.spec({ from: "earliest" }));
        assertEquals(textsOf(await take(again, 1)), ["two"]);
      }),
    );

    it(
      "begins at a time",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        const out = publisher(kafka);
        const at = (minutes: number) => new Date(1_700_000_000_000 + minutes * 60_000);
        const messages = [0, 1, 2].map((minutes) =>
          new Message(`minute ${minutes}`, { timestamp: at(minutes) })
        );
        await out.publish(place.topic, messages);
        await out.close();
        const reader = { topic: place.topic, prefetch: 16, ordered: false };
        const one = await place.source(kafka, { ...reader, from: at(1) });
        assertEquals(textsOf(await take(one, 2)), ["minute 1", "minute 2"]);
        const later = await place.source(kafka, { ...reader, from: at(3) });
        await place.publish(kafka, ["now"]);
        assertEquals(textsOf(await take(later, 1)), ["now"]);
      }),
    );

    it(
      "goes on where a reader was when its source is made anew, and leaves no group behind",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        await place.publish(kafka, ["one", "two", "three"]);
        const spec = {
          topic: place.topic,
          from: "earliest",
          prefetch: 16,
          ordered: false,
        } as const;
        const first = await place.source(kafka, spec);
        const taken = await take(first, 3);
        await first.ack(taken.slice(0, 2));
        assertEquals((await first.lag?.())?.map(({ lane, lag }) => [lane, lag]), [["0", 1]]);
        await first.close();
        const second = await place.source(kafka, spec);
        assertEquals(textsOf(await take(second, 1)), ["three"]);
        const groups = await place.kafka.listGroups({ types: ["classic", "consumer"] });
        assertEquals([...groups.keys()].filter((name) => name.startsWith("beat-")), []);
      }),
    );

    it(
      "shows the first records without taking them",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        await place.publish(kafka, ["one", "two", "three"]);
        const text = new TextDecoder();
        const recs = await kafka.peek(place.topic, 2);
        assertEquals(recs.map(({ payload }) => text.decode(payload)), ["one", "two"]);
        assertEquals(await kafka.peek(place.topic, 0), []);
      }),
    );

    it(
      "shows more records than come at once, and of each key in their order",
      test(async (place) => {
        const kafka = await place.withTopic(3, { maxBytes: 4_096 });
        const texts = Array.from({ length: 300 }, (_, at) => String(at).padStart(100, "0"));
        for (const key of ["a", "b", "c"]) await place.publish(kafka, texts, key);
        const recs = await kafka.peek(place.topic, Infinity);
        for (const own of Map.groupBy(recs, ({ key }) => key).values()) {
          assertEquals(own.map(textOf), texts);
        }
        assertEquals([recs.length, (await kafka.peek(place.topic, 700)).length], [900, 700]);
      }),
    );

    it(
      "has nothing of a topic that is not there, and does not make it by peeking",
      test(async (place) => {
        const kafka = place.transport();
        assertEquals(await kafka.peek(place.topic, 9), []);
        assertEquals(await kafka.admin.describe(place.topic), undefined);
      }),
    );

    it(
      "tells how far behind a group is",
      test(async (place) => {
        const kafka = await place.withTopic(2);
        await place.publish(kafka, ["one", "two", "three"]);
        const source = await place.source(kafka);
        const lag = async () => (await source.lag!()).reduce((sum, { lag }) => sum + lag, 0);
        const taken = await take(source, 3);
        assertEquals(await lag(), 3);
        await source.ack([taken[1]!]);
        assertEquals(await lag(), 1);
        await source.ack([taken[2]!]);
        assertEquals(await lag(), 0);
      }),
    );

    it(
      "delivers what a transaction has aborted, too, and no marks of transactions",
      test(async (place) => {
        const kafka = await place.withTopic(1);
        const transactionalId = `of ${place.topic}`;
        const options = { clientId: "test", idempotent: true, transactionalId };
        const producer = new Producer({ bootstrapBrokers: [url], ...options });
        place.opened(() => producer.close());
        for (const end of ["abort", "commit"] as const) {
          const transaction = await producer.beginTransaction();
          await transaction.send({ messages: [{ topic: place.topic, value: Buffer.from(end) }] });
          await transaction[end]();
        }
        await place.publish(kafka, ["after"]);
        const source = await place.source(kafka);
        assertEquals(textsOf(await take(source, 3)), ["abort", "commit", "after"]);
      }),
    );

    it(
      "has one request of a topic under way, however many publish to it",
      test(async (place) => {
        let running = 0;
        let most = 0;
        const kafka = place.transport({
          clients: {
            ...clientsOf([url]),
            producer(options) {
              const producer = new Producer({ bootstrapBrokers: [url], ...options });
              const send = producer.send.bind(producer);
              producer.send = (async (all: Parameters<typeof send>[0]) => {
                most = Math.max(most, ++running);
                try {
                  return await send(all);
                } finally {
                  running--;
                }
              }) as typeof producer.send;
              return producer;
            },
          },
        });
        await kafka.admin.create(place.topic, { partitions: 3 });
        const texts = Array.from({ length: 40 }, (_, at) => String(at));
        await Promise.all(["a", "b", "c"].map((key) => place.publish(kafka, texts, key)));
        assertEquals(most, 1);
        assertEquals((await kafka.peek(place.topic, 200)).length, 120);
      }),
    );

    it(
      "tells of its connection and of its health, and of neither when it is closed",
      test(async (place) => {
        const kafka = place.transport();
        const kinds: string[] = [];
        const leave = kafka.onConnection(({ kind }) => kinds.push(kind));
        kafka.onConnection(() => {});
        assertEquals((await kafka.health()).ok, true);
        assertEquals(kinds, ["connected"]);
        leave();
        await kafka.close();
        assertEquals(kinds, ["connected"]);
        assert((await kafka.health()).cause instanceof ClosedError);
        const subscribing = () => consume(kafka, () => {}, { topic: place.topic, group: "all" });
        await assertRejects(subscribing, ClosedError);
      }),
    );
  });
});
