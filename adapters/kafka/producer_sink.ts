import { checkPayload, sendBy, type Sink } from "@beat/beat/transport";
import type { Cluster } from "./cluster.ts";
import { partitionOfKey } from "./murmur2.ts";
import { failuresOf } from "./outcomes.ts";
import { writeRecord } from "./record.ts";
import { openTopic } from "./topics.ts";
import type { Turns } from "./turns.ts";

/**
 * Sends records, those of a topic in one call at a time, whoever publishes on the transport: two could
 * overtake each other. `maxPayload` is how many bytes a payload may have; `turns` are those of all sinks
 * of the transport.
 */
export function producerSink(cluster: Cluster, maxPayload: number, turns: Turns): Sink {
  let turn = 0;
  return {
    // Of the bytes that a topic takes at once by default a quarter, as there are headers and the like.
    limits: { batch: 1_024, bytes: 262_144, lanes: Infinity },
    lane: (topic) => topic,
    send: (lane, items) =>
      sendBy(items, async () => {
        const producer = cluster.producer("publish");
        // It asks for what it has forgotten as it sends.
        const known = producer.currentMetadata?.topics.get(lane);
        const partitions = known?.partitions.length ||
          (await openTopic(producer, "publish", lane)).leaders.length;
        // What has no key goes together, to the partitions in turn.
        const next = turn++ % partitions;
        return {
          write({ rec }) {
            checkPayload(rec, maxPayload);
            const message = writeRecord(lane, next, rec);
            if (message.key !== undefined) {
              message.partition = partitionOfKey(message.key, partitions);
            }
            return message;
          },
          async send(messages) {
            try {
              await turns.run(lane, () => producer.send({ messages: [...messages] }));
              return messages.map(() => undefined);
            } catch (error) {
              const failures = failuresOf(error);
              return messages.map(({ partition }) => failures(partition));
            }
          },
        };
      }),
    close: () => Promise.resolve(),
  };
}
