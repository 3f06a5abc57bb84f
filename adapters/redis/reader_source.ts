import { type Lane, READER, type Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import { LaneReader } from "./lane_reader.ts";
import type { Layout } from "./layout.ts";
import { deliveriesOf, idOf } from "./stream_lane.ts";
import { laneNameOf, type Topic } from "./topics.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly topic: Topic;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  /** The last id that is settled, by lane; it outlives the connection. */
  readonly positions: Map<string, string>;
  /** Milliseconds that it waits for entries in one read at most. */
  readonly wait: number;
}

interface ReaderLane extends Lane {
  readonly stream: string;
  /** The last id that was read. */
  last: string;
}

/** Where a reader without group has its deliveries from: it joins nothing and leaves nothing behind. */
export function readerSource({ topic, layout, reader, positions, wait }: ReaderPlan): Source {
  const lanes = topic.keys.streams.map((stream, partition): ReaderLane => {
    const name = laneNameOf(topic, partition);
    return { name, stream, last: positions.get(name)!, fenced: false };
  });
  const after = ({ last }: ReaderLane) => last;
  const newest = new LaneReader({ reader, words: ["XREAD"], after, idle: topic.keys.idle });

  return {
    traits: READER,

    async fetch(room, paused, signal) {
      const open = lanes.filter((lane) => !paused(lane));
      const found = await newest.read(open, { room, wait, signal });
      return found.flatMap(([lane, entries]) => {
        lane.last = entries.at(-1)!.id;
        return deliveriesOf(lane, topic.name, layout, entries);
      });
    },

    // deno-lint-ignore require-await
    async ack(deliveries) {
      for (const delivery of deliveries) positions.set(delivery.lane.name, idOf(delivery));
    },

    offset: idOf,
    close: () => reader.close(),
  };
}
