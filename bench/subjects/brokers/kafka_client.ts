/**
 * Kafka by `@platformatic/kafka` alone.
 *
 * @module
 */
import { Consumer, type KafkaRecord, type Message, Producer } from "@platformatic/kafka";
import { Buffer } from "node:buffer";
import type { Rec } from "../../../src/message/mod.ts";
import { checked, type Client, type Handle, newRec, several } from "./client.ts";
import { createTopic, openTransport } from "./ours.ts";
import { urlOf } from "./places.ts";

/** Bytes that are fetched at once, and milliseconds that the broker waits for some. */
const MAX_BYTES = 1_048_576;
const WAIT = 500;
/** Milliseconds between two commits. */
const COMMIT = 100;

/** How records are read: as a member of a group, or by requests for them and nothing else. */
export type Reading = "group" | "requests";

/** A topic with four partitions. */
export async function openKafka(reading: Reading): Promise<Client> {
  const admin = await openTransport("kafka");
  const topic = await createTopic(admin);
  const base = { clientId: "bench", bootstrapBrokers: [urlOf("kafka")] };
  const producer = new Producer({ ...base, idempotent: true });
  const consumer = new Consumer({
    ...base,
    groupId: topic,
    maxBytes: MAX_BYTES,
    maxWaitTime: WAIT,
  });
  const send = (recs: readonly Rec[]) =>
    producer.send({ messages: recs.map((rec) => messageOf(topic, rec)) });
  return {
    publish: (payload, at) => send([newRec(payload, at)]),
    publishAll: (payload, count) => send(several(newRec, payload, count)),
    consume: (handle) =>
      reading === "group" ? consume(consumer, topic, handle) : request(consumer, topic, handle),
    async close() {
      await producer.close();
      await consumer.close(true);
      await admin.transport.admin.remove(topic);
      await admin.close();
    },
  };
}

/** As its documentation has it. */
async function consume(consumer: Consumer, topic: string, handle: Handle) {
  const stream = await consumer.consume({
    topics: [topic],
    mode: "committed",
    fallbackMode: "earliest",
    autocommit: COMMIT,
  });
  const loop = (async () => {
    for await (const message of stream) handle(checked(recOf(message)));
  })();
  return async () => {
    await stream.close();
    await loop;
  };
}

/** No group, no commits: what nobody can be faster than. */
async function request(consumer: Consumer, topic: string, handle: Handle) {
  const { topics } = await consumer.metadata({ topics: [topic] });
  const { id: topicId, partitions } = topics.get(topic)!;
  const next = partitions.map(() => 0n);
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const { responses } = await consumer.fetch({
        node: partitions[0]!.leader,
        maxBytes: MAX_BYTES,
        maxWaitTime: WAIT,
        topics: [{
          topicId,
          partitions: next.map((fetchOffset, partition) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset,
            lastFetchedEpoch: -1,
            partitionMaxBytes: MAX_BYTES,
          })),
        }],
      });
      for (const { partitions } of responses) {
        for (const { partitionIndex: partition, records } of partitions) {
          for (
            const { firstOffset, firstTimestamp, lastOffsetDelta, records: own } of records ?? []
          ) {
            for (const record of own) {
              if (firstOffset + BigInt(record.offsetDelta) < next[partition]!) continue;
              handle(checked(storedRec(record, firstTimestamp + record.timestampDelta)));
            }
            next[partition] = firstOffset + BigInt(lastOffsetDelta) + 1n;
          }
        }
      }
    }
  })();
  return async () => {
    isOver = true;
    await loop;
  };
}

function messageOf(topic: string, { id, key, headers, payload, time }: Rec) {
  const written = new Map([[Buffer.from("id"), Buffer.from(id)]]);
  for (const [name, value] of headers) written.set(Buffer.from(name), Buffer.from(value));
  return {
    topic,
    key: Buffer.from(key),
    value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    headers: written,
    timestamp: BigInt(time),
  };
}

function recOf({ key, value, headers, timestamp }: Message<Buffer, Buffer, Buffer, Buffer>): Rec {
  return readRec(key, value, headers, timestamp);
}

function storedRec({ key, value, headers }: KafkaRecord, time: bigint): Rec {
  return readRec(key!, value!, headers as [Buffer, Buffer][], time);
}

function readRec(
  key: Buffer,
  payload: Buffer,
  found: Iterable<readonly [Buffer, Buffer]>,
  time: bigint,
): Rec {
  let id = "";
  const headers: [string, string][] = [];
  for (const [name, value] of found) {
    if (name.toString() === "id") id = value.toString();
    else headers.push([name.toString(), value.toString()]);
  }
  return { id, key: key.toString(), headers, payload, time: Number(time) };
}
