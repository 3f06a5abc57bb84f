/**
 * Kafka by kafkajs.
 *
 * @module
 */
import { Kafka, logLevel } from "kafkajs";
import { Buffer } from "node:buffer";
import type { Rec } from "../../../src/message/mod.ts";
import { checked, type Client, newRec, several } from "./client.ts";
import { createTopic, openTransport } from "./ours.ts";
import { urlOf } from "./places.ts";

/** A topic with four partitions. */
export async function openKafkajs(): Promise<Client> {
  const admin = await openTransport("kafka");
  const topic = await createTopic(admin);
  const kafka = new Kafka({
    clientId: "bench",
    brokers: [urlOf("kafka")],
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const send = (recs: readonly Rec[]) =>
    producer.send({ topic, acks: -1, messages: recs.map(messageOf) });
  return {
    publish: (payload, at) => send([newRec(payload, at)]),
    publishAll: (payload, count) => send(several(newRec, payload, count)),
    async consume(handle) {
      const consumer = kafka.consumer({ groupId: topic });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        // deno-lint-ignore require-await -- It wants a promise.
        async eachMessage({ message: { key, value, headers = {}, timestamp } }) {
          const pairs = Object.entries(headers).map(([name, value]) =>
            [name, String(value)] as [string, string]
          );
          const id = pairs.find(([name]) => name === "id")![1];
          const own = pairs.filter(([name]) => name !== "id");
          const time = Number(timestamp);
          handle(checked({ id, key: key!.toString(), headers: own, payload: value!, time }));
        },
      });
      return () => consumer.disconnect();
    },
    async close() {
      await producer.disconnect();
      await admin.transport.admin.remove(topic);
      await admin.close();
    },
  };
}

function messageOf({ id, key, headers, payload, time }: Rec) {
  return {
    key,
    value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    headers: { id, ...Object.fromEntries(headers) },
    timestamp: String(time),
  };
}
