import { READER, type Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import type { Connection } from "./connection.ts";
import { LaneReader } from "./lane_reader.ts";
import type { Layout } from "./layout.ts";
import { ReaderLane } from "./reader_lane.ts";
import { deliveriesOf, idOf } from "./stream_lane.ts";
import { laneNameOf, type Topic } from "./topics.ts";
import type { Trail } from "./trail.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly connection: Connection;
  readonly topic: Topic;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  /** What is settled, by lane. */
  readonly trails: ReadonlyMap<string, Trail>;
  /** Milliseconds that it waits for entries in one read at most. */
  readonly wait: number;
}

/** Where a reader without group has its deliveries from: it joins nothing and leaves nothing behind. */
export async function openReader(plan: ReaderPlan): Promise<Source> {
  const { connection, topic, layout, reader, trails, wait } = plan;
  const lanes = topic.keys.streams.map((stream, partition) => {
    const name = laneNameOf(topic, partition);
    return new ReaderLane(name, stream, trails.get(name)!.end);
  });
  const lag = () => Promise.all(lanes.map((lane) => lane.lag(connection)));
  const after = ({ last }: ReaderLane) => last;
  const newest = new LaneReader({ reader, words: ["XREAD"], after, idle: topic.keys.idle });
  // From here on entries are counted.
  await lag();

  return {
    traits: READER,

    async fetch(room, paused, signal) {
      const open = lanes.filter((lane) => !paused(lane));
      const found = await newest.read(open, { room, wait, signal });
      return found.flatMap(([lane, entries]) => {
        lane.receive(entries);
        return deliveriesOf(lane, topic.name, layout, entries);
      });
    },

    // deno-lint-ignore require-await
    async ack(deliveries) {
      for (const delivery of deliveries) {
        const lane = delivery.lane as ReaderLane;
        lane.settle(idOf(delivery));
        trails.get(lane.name)!.goOn(idOf(delivery));
      }
    },

    offset: idOf,
    lag,
    close: () => reader.close(),
  };
}
