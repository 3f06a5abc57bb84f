import { LeaseLostError, type Rec } from "@beat/beat/message";
import type { Delivery, Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import { LaneReader } from "./lane_reader.ts";
import { type Layout, text } from "./layout.ts";
import type { Lookout } from "./lookout.ts";
import { leave, type Member } from "./member.ts";
import type { Partitions } from "./partitions.ts";
import { EXTEND, GIVE_BACK, TRANSFER } from "./scripts.ts";
import { eachLane, idOf, laneOf, type StreamEntry, type StreamLane } from "./stream_lane.ts";
import { lagOf } from "./stream_state.ts";
import type { Trail } from "./trail.ts";

/** What the source of a member is made of. */
export interface GroupPlan {
  readonly member: Member;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  readonly lookout: Lookout;
  /** The lanes, and who shares them where there are several. */
  readonly lanes: ReadonlyMap<number, StreamLane>;
  readonly partitions: Partitions | undefined;
  /** What was read, by lane. */
  readonly trails: ReadonlyMap<string, Trail>;
  /** The stream that a record of a topic goes to. */
  streamOf(topic: string, rec: Rec): Promise<string>;
}

/** Where a member of a group has its deliveries from. */
export function groupSource(plan: GroupPlan): Source {
  const { lanes, layout, lookout, member, partitions, reader, streamOf, trails } = plan;
  const { connection, topic, group, consumer, lease } = member;
  const words = ["XREADGROUP", "GROUP", group, consumer];
  const newest = new LaneReader<StreamLane>({
    ...{ reader, words, idle: topic.keys.idle },
    after: () => ">",
  });
  const deliver = ([lane, entries]: readonly [StreamLane, readonly StreamEntry[]]): Delivery[] =>
    lane.fenced ? [] : lane.deliver(topic.name, layout, entries);

  return {
    async fetch(room, paused, signal) {
      if (lookout.isDue) {
        await partitions?.share();
        const found = await lookout.look([...lanes.values()], room, paused);
        const deliveries = found.flatMap(deliver);
        if (deliveries.length > 0) return deliveries;
      }
      const open = [...lanes.values()].filter((lane) => !paused(lane) && !lane.inherits);
      const found = await newest.read(open, { room, wait: lookout.wait, signal });
      // Whoever was stopped for long has to ask whether the lanes are still there.
      if (partitions?.isOver) await partitions.share();
      for (const [{ fenced, name }, entries] of found) {
        if (!fenced) trails.get(name)!.goOn(entries.at(-1)!.id);
      }
      return found.flatMap(deliver);
    },

    ack: (deliveries) =>
      eachLane(deliveries, async (lane, own) => {
        await connection.call("XACK", lane.stream, group, ...own.map(idOf));
        lane.release(own);
      }),

    async requeue(items) {
      const itemOf = new Map(items.map((item) => [item.delivery, item]));
      await eachLane([...itemOf.keys()], async (lane, own) => {
        const keys = [lane.stream, topic.keys.delayed(group, lane.partition)];
        const args = own.flatMap((delivery) => {
          const { delay, unstarted } = itemOf.get(delivery)!;
          return [idOf(delivery), Math.ceil(delay), delivery.count - (unstarted ? 1 : 0)];
        });
        await connection.run(GIVE_BACK, keys, group, consumer, lease, ...args);
        lane.release(own);
      });
      if (lookout.hasten(Math.min(...items.map(({ delay }) => delay)))) await reader.interrupt();
    },

    async extend(deliveries) {
      await partitions?.share();
      const gone: Delivery[] = [];
      await eachLane(deliveries, async (lane, own) => {
        const ids = own.map(idOf);
        const reply = await connection.run(EXTEND, [lane.stream], group, consumer, ...ids);
        const lost = new Set((reply as unknown[]).map(text));
        gone.push(...lane.release(own.filter((delivery) => lost.has(idOf(delivery)))));
      });
      return gone;
    },

    async transfer(delivery, target, rec) {
      const lane = laneOf(delivery);
      const keys = [lane.stream, await streamOf(target, rec)];
      const args = [group, consumer, idOf(delivery), ...layout.write(rec)];
      const acked = await connection.run(TRANSFER, keys, ...args);
      lane.release([delivery]);
      if (acked === 0) throw new LeaseLostError(topic.name);
    },

    offset: idOf,

    lag: () =>
      Promise.all(Array.from(lanes.values(), (lane) => lagOf(connection, topic, group, lane))),

    async close() {
      try {
        await partitions?.leave();
        await leave(member);
      } finally {
        await reader.close();
      }
    },
  };
}
