import {
  checkPayload,
  rejectAll,
  sendEach,
  type SendItem,
  type SendResult,
  type Sink,
} from "@beat/beat/transport";
import type { KafkaMessage, KafkaProducer } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { partitionOfKey } from "./murmur2.ts";
import { failuresOf } from "./outcomes.ts";
import { writeRecord } from "./record.ts";
import { openTopic } from "./topics.ts";
import type { Turns } from "./turns.ts";

/**
 * Sends records, those of a topic in one call at a time, whoever publishes on the transport: two could
 * overtake each other.
 */
export class ProducerSink implements Sink {
  /** Of the bytes that a topic takes at once by default a quarter, as there are headers and the like. */
  readonly limits = { batch: 1_024, bytes: 262_144, lanes: Infinity };
  readonly #cluster: Cluster;
  readonly #maxPayload: number;
  readonly #turns: Turns;
  #turn = 0;

  /** `maxPayload` is how many bytes a payload may have; `turns` are those of all sinks of the transport. */
  constructor(cluster: Cluster, maxPayload: number, turns: Turns) {
    this.#cluster = cluster;
    this.#maxPayload = maxPayload;
    this.#turns = turns;
  }

  lane(topic: string): string {
    return topic;
  }

  async send(lane: string, items: readonly SendItem[]): Promise<readonly SendResult[]> {
    let producer: KafkaProducer;
    let partitions: number;
    try {
      producer = this.#cluster.producer("publish");
      partitions = (await openTopic(producer, "publish", lane)).leaders.length;
    } catch (cause) {
      return rejectAll(items, cause);
    }
    // What has no key goes together, to the partitions in turn.
    const next = this.#turn++ % partitions;
    const messages: KafkaMessage[] = [];
    const sent: number[] = [];
    const results = sendEach(items, ({ rec }, at) => {
      checkPayload(rec, this.#maxPayload);
      const message = writeRecord(lane, next, rec);
      if (message.key !== undefined) message.partition = partitionOfKey(message.key, partitions);
      messages.push(message);
      sent.push(at);
    });
    if (sent.length === 0) return results;
    try {
      await this.#turns.run(lane, () => producer.send({ messages }));
    } catch (error) {
      const failures = failuresOf(error);
      for (const [index, at] of sent.entries()) results[at] = failures(messages[index]!.partition);
    }
    return results;
  }

  async close(): Promise<void> {}
}
