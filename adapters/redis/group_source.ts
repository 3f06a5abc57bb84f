import { LeaseLostError, type Rec } from "@beat/beat/message";
import type { Delivery, Lane, LaneLag, Requeue, Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import { type Layout, text } from "./layout.ts";
import type { Lookout } from "./lookout.ts";
import { leave, type Member } from "./member.ts";
import type { Partitions } from "./partitions.ts";
import { readCommand, Rota } from "./read_command.ts";
import { EXTEND, GIVE_BACK, TRANSFER } from "./scripts.ts";
import { eachLane, idOf, laneOf, type StreamLane } from "./stream_lane.ts";
import { lagOf } from "./stream_state.ts";

/** What the source of a member is made of. */
export interface GroupPlan {
  readonly member: Member;
  readonly layout: Layout;
  readonly reader: BlockingReader;
  readonly lookout: Lookout;
  /** The lanes, and who shares them where there are several. */
  readonly lanes: ReadonlyMap<number, StreamLane>;
  readonly partitions: Partitions | undefined;
  /** The last id that was read, by lane. */
  readonly positions: Map<string, string>;
  /** The stream that a record of a topic goes to. */
  streamOf(topic: string, rec: Rec): Promise<string>;
}

/** Milliseconds of a read that leaves out lanes because there are more than places. */
const TURN = 50;

/** Where a member of a group has its deliveries from. */
export class GroupSource implements Source {
  readonly #plan: GroupPlan;
  readonly #rota = new Rota();

  constructor(plan: GroupPlan) {
    this.#plan = plan;
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const { lanes, layout, lookout, member, partitions, positions, reader } = this.#plan;
    const { topic, group, consumer } = member;
    if (lookout.isDue) {
      await partitions?.share();
      const found = await lookout.look([...lanes.values()], room, paused);
      const deliveries = Array.from(
        found,
        ([lane, entries]) => lane.fenced ? [] : lane.deliver(topic.name, layout, entries),
      ).flat();
      if (deliveries.length > 0) return deliveries;
    }
    const open = [...lanes.values()].filter((lane) => !paused(lane) && !lane.inherits);
    const chosen = this.#rota.choose(open, room);
    const longest = chosen.length === lanes.size ? Infinity : TURN;
    const command = readCommand({
      words: ["XREADGROUP", "GROUP", group, consumer],
      streams: chosen.map(({ stream }) => [stream, ">"]),
      room,
      block: Math.max(1, Math.ceil(Math.min(lookout.wait, longest))),
      idle: topic.keys.idle,
    });
    const streams = await reader.read(command, signal);
    // Whoever was stopped for long has to ask whether the lanes are still there.
    if (partitions?.isOver) await partitions.share();
    return chosen.filter(({ fenced }) => !fenced).flatMap((lane) => {
      const entries = streams.get(lane.stream) ?? [];
      if (entries.length > 0) positions.set(lane.name, entries.at(-1)!.id);
      return lane.deliver(topic.name, layout, entries);
    });
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const { connection, group } = this.#plan.member;
    await eachLane(deliveries, async (lane, own) => {
      await connection.call("XACK", lane.stream, group, ...own.map(idOf));
      for (const delivery of own) lane.held.delete(idOf(delivery));
    });
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const { lookout, member: { connection, topic, group, consumer, lease }, reader } = this.#plan;
    const itemOf = new Map(items.map((item) => [item.delivery, item]));
    await eachLane(items.map(({ delivery }) => delivery), async (lane, own) => {
      const keys = [lane.stream, topic.keys.delayed(group, lane.partition)];
      const args = own.flatMap((delivery) => {
        const { delay, unstarted } = itemOf.get(delivery)!;
        return [idOf(delivery), Math.ceil(delay), delivery.count - (unstarted ? 1 : 0)];
      });
      await connection.run(GIVE_BACK, keys, group, consumer, lease, ...args);
      for (const delivery of own) lane.held.delete(idOf(delivery));
    });
    const soonest = Math.min(...items.map(({ delay }) => delay));
    if (lookout.hasten(soonest)) await reader.interrupt();
  }

  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    const { member: { connection, group, consumer }, partitions } = this.#plan;
    await partitions?.share();
    const gone: Delivery[] = [];
    await eachLane(deliveries, async (lane, own) => {
      const reply = await connection.run(EXTEND, [lane.stream], group, consumer, ...own.map(idOf));
      const lost = new Set((reply as unknown[]).map(text));
      for (const id of lost) lane.held.delete(id);
      gone.push(...own.filter((delivery) => lost.has(idOf(delivery))));
    });
    return gone;
  }

  async transfer(delivery: Delivery, topic: string, rec: Rec): Promise<void> {
    const { layout, member: { connection, group, consumer }, streamOf } = this.#plan;
    const lane = laneOf(delivery);
    const id = idOf(delivery);
    const keys = [lane.stream, await streamOf(topic, rec)];
    const acked = await connection.run(TRANSFER, keys, group, consumer, id, ...layout.write(rec));
    lane.held.delete(id);
    if (acked === 0) throw new LeaseLostError(this.#plan.member.topic.name);
  }

  offset(delivery: Delivery): string {
    return idOf(delivery);
  }

  lag(): Promise<readonly LaneLag[]> {
    const { lanes, member: { connection, topic, group } } = this.#plan;
    return Promise.all(Array.from(lanes.values(), (lane) => lagOf(connection, topic, group, lane)));
  }

  async close(): Promise<void> {
    const { member, partitions, reader } = this.#plan;
    try {
      await partitions?.leave();
      await leave(member);
    } finally {
      await reader.close();
    }
  }
}
