import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { kafkaTransport } from "../../adapters/kafka/mod.ts";
import { natsCore, natsTransport } from "../../adapters/nats/mod.ts";
import { redisPubSub, redisTransport } from "../../adapters/redis/mod.ts";
import { migrate, sqlTransport } from "../../adapters/sql/mod.ts";
import { type Client, newFile, open } from "../../adapters/sql/testdata/servers.ts";
import { Message, newUuid } from "../../src/message/mod.ts";
import type { HealthReporter, Transport } from "../../src/transport/mod.ts";
import { consume, publisher } from "../../src/transport/mod.ts";
import { withService } from "../_services/mod.ts";

const COUNT = 20;
const PREFIX = "smoke_";

/** Publishes, consumes, has one delivered again, and closes: what a runtime must be able to do at all. */
function smoke(name: string, connect: () => Promise<Transport & HealthReporter>): void {
  describe(name, () => {
    it("brings messages whole, one of them twice, and closes", async () => {
      const transport = await connect();
      const topic = `smoke-${newUuid()}`;
      await transport.admin?.create(topic);
      assertEquals((await transport.health()).ok, true);
      const messages = Array.from(
        { length: COUNT },
        (_, at) =>
          new Message(new Uint8Array([0, 255, at]), {
            key: `key ${at % 3}`,
            metadata: { number: `№ ${at}` },
          }),
      );
      const [again] = messages;
      const seen: Message[] = [];
      const all = Promise.withResolvers<void>();
      const consumption = await consume(transport, ([message]) => {
        seen.push(message!);
        if (message!.uuid === again!.uuid && !message!.redelivered) message!.nack({ delay: 0 });
        if (seen.length === COUNT + 1) all.resolve();
      }, {
        topic,
        ...(transport.traits.groups ? { group: "all" } : {}),
        retry: { delays: [0, 0, 0] },
      });
      const out = publisher(transport);
      await out.publish(topic, messages);
      await all.promise;
      for (const { uuid, key, payload, metadata } of messages) {
        const [got] = seen.filter((one) => one.uuid === uuid);
        assert(got !== undefined);
        assertEquals([got.key, [...got.payload], [...got.metadata]], [
          ...[key, [...payload], [...metadata]],
        ]);
      }
      await consumption.close();
      await out.close();
      await transport.admin?.remove(topic);
      await transport.close();
    });
  });
}

/** A database whose client ends with its transport. */
async function connectSql(client: Client, url: string): Promise<Transport & HealthReporter> {
  const { connection, close } = await open(client, url);
  await migrate(connection, { prefix: PREFIX });
  const transport = sqlTransport({ connection, prefix: PREFIX, pollInterval: 5 });
  return { ...transport, close: () => transport.close().then(close) };
}

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  smoke("Redis Streams", () => Promise.resolve(redisTransport({ url })));
  smoke("Redis Pub/Sub", () => Promise.resolve(redisPubSub({ url })));
});

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  smoke("JetStream", () => Promise.resolve(natsTransport({ servers: url })));
  smoke("core NATS", () => Promise.resolve(natsCore({ servers: url })));
});

withService("kafka", "BEAT_KAFKA_URL", ({ url }) => {
  smoke("Kafka", () => Promise.resolve(kafkaTransport({ brokers: url })));
});

withService("postgres", "BEAT_POSTGRES_URL", ({ url }) => {
  smoke("PostgreSQL by postgres", () => connectSql("postgres", url));
  smoke("PostgreSQL by pg", () => connectSql("pg", url));
});

withService("mariadb", "BEAT_MARIADB_URL", ({ url }) => {
  smoke("MariaDB by mysql2", () => connectSql("mysql", url));
});

smoke("SQLite", () => connectSql("sqlite", newFile()));
