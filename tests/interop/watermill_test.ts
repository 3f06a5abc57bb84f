/**
 * Services in Go on Watermill and ours read each other, on real servers.
 */
import { watermill } from "@beat/beat/marshal";
import { Message, newUuid } from "@beat/beat/message";
import { publisher, subscriber, type TopicAdmin, type Transport } from "@beat/beat/transport";
import { kafkaTransport } from "@beat/kafka";
import { natsTransport } from "@beat/nats";
import { redisTransport } from "@beat/redis";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../_services/mod.ts";
import { consumeAsGo, payloadOf, preparePeer, publishAsGo } from "./_peer.ts";

const COUNT = 50;

type Open = (url: string) => Transport & { readonly admin: TopicAdmin };

/** What each broker is called, where it is, and how messages of Watermill look on it. */
const BROKERS: readonly [name: string, variable: string, open: Open, coded: boolean][] = [
  ["redis", "BEAT_REDIS_URL", (url) => redisTransport({ url, layout: "watermill" }), false],
  ["nats", "BEAT_NATS_URL", (servers) => natsTransport({ servers }), true],
  ["kafka", "BEAT_KAFKA_URL", (brokers) => kafkaTransport({ brokers }), true],
];

const isPrepared = await preparePeer();

describe("services in Go on Watermill", () => {
  if (!isPrepared) return it.skip("skipped as Go is not installed", () => {});
  for (const [name, variable, open, coded] of BROKERS) {
    withService(name, variable, ({ url }) => {
      const codec = coded ? { codec: watermill() } : {};

      it(`read on ${name} what we publish`, async () => {
        const transport = open(url);
        const topic = `interop-${newUuid()}`;
        await transport.admin.create(topic);
        const out = publisher(transport, codec);
        const { ready, messages } = consumeAsGo(name, url, topic, COUNT);
        await ready;
        const metadata = { tenant: "Zürich", number: "7" };
        await out.publish(
          topic,
          Array.from(
            { length: COUNT },
            (_, at) => new Message(payloadOf(at), { uuid: `ts-${at}`, metadata }),
          ),
        );
        const found = (await messages).toSorted((a, b) =>
          Number(a.uuid.slice(3)) - Number(b.uuid.slice(3))
        );
        assertEquals(found.map(({ uuid }) => uuid), found.map((_, at) => `ts-${at}`));
        assertEquals(found.map(({ payload }) => payload), found.map((_, at) => payloadOf(at)));
        assertEquals(found.map((one) => one.metadata.tenant), found.map(() => "Zürich"));
        await out.close();
        await transport.admin.remove(topic);
        await transport.close();
      });

      it(`are read on ${name}`, async () => {
        const transport = open(url);
        const topic = `interop-${newUuid()}`;
        await transport.admin.create(topic);
        await publishAsGo(name, url, topic, COUNT);
        const stream = await subscriber(transport, codec).subscribe(topic, { from: "earliest" });
        const found: Message[] = [];
        for await (const message of stream) {
          message.ack();
          if (found.push(message) === COUNT) break;
        }
        assertEquals(found.map(({ uuid }) => uuid), found.map((_, at) => `go-${at}`));
        assertEquals(found.map(({ payload }) => payload), found.map((_, at) => payloadOf(at)));
        const [first] = found;
        assertEquals(first!.metadata.get("tenant"), "Zürich");
        assertEquals(first!.metadata.get("number"), "0");
        await transport.admin.remove(topic);
        await transport.close();
      });
    });
  }
});
