import type { SendFailure, SendItem, Sink } from "@beat/beat/transport";
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

  async send(
    lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    let producer: KafkaProducer;
    let partitions: number;
    try {
      producer = this.#cluster.producer("publish");
      partitions = (await openTopic(producer, "publish", lane)).leaders.length;
    } catch (cause) {
      // Nothing was sent.
      return items.map(() => ({ cause, outcome: "rejected" }));
    }
    const results = this.#check(items);
    const messages = this.#write(lane, items, results, partitions);
    const sent = messages.filter((message) => message !== undefined);
    if (sent.length === 0) return results;
    try {
      await this.#turns.run(lane, () => producer.send({ messages: sent }));
    } catch (error) {
      const failures = failuresOf(error);
      for (const [at, message] of messages.entries()) {
        if (message !== undefined) results[at] = failures(message.partition);
      }
    }
    return results;
  }

  async close(): Promise<void> {}

  /** What is too large; those of its key that follow are not attempted. */
  #check(items: readonly SendItem[]): (undefined | SendFailure)[] {
    const failed = new Map<string, unknown>();
    return items.map(({ rec: { key, payload: { length } } }) => {
      if (failed.has(key)) return { cause: failed.get(key), outcome: "not-attempted" };
      if (length <= this.#maxPayload) return undefined;
      const cause = new RangeError(
        `Cannot publish as the payload must have at most ${this.#maxPayload} bytes: it has ${length}`,
      );
      if (key !== "") failed.set(key, cause);
      return { cause, outcome: "rejected" };
    });
  }

  /** What is sent: each key to its partition, what has none together, to the partitions in turn. */
  #write(
    topic: string,
    items: readonly SendItem[],
    refused: readonly (undefined | SendFailure)[],
    partitions: number,
  ): (undefined | KafkaMessage)[] {
    const next = this.#turn++ % partitions;
    return items.map(({ rec }, at) => {
      if (refused[at] !== undefined) return undefined;
      const message = writeRecord(topic, next, rec);
      if (message.key !== undefined) message.partition = partitionOfKey(message.key, partitions);
      return message;
    });
  }
}
