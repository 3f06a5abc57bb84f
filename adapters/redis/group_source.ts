import { LeaseLostError, type Rec } from "@beat/beat/message";
import type { Delivery, Host, Lane, LaneLag, Requeue, Source } from "@beat/beat/transport";
import type { BlockingReader, StreamEntry } from "./blocking_reader.ts";
import type { Connection } from "./connection.ts";
import { type Layout, text } from "./layout.ts";
import type { Partitions } from "./partitions.ts";
import { ABANDON, EXTEND, GIVE_BACK, LEAVE, POLL, TRANSFER } from "./scripts.ts";
import { isTrimmed, lagOf, trimAcked } from "./stream_state.ts";
import type { StreamLane } from "./stream_lane.ts";
import type { Topic } from "./topics.ts";

/** What a member of a group is made of. */
export interface GroupPlan {
  readonly topic: Topic;
  readonly group: string;
  readonly consumer: string;
  readonly lease: number;
  readonly layout: Layout;
  readonly trimAcked: boolean;
  readonly connection: Connection;
  readonly reader: BlockingReader;
  readonly host: Host;
  /** The lanes, and who shares them, where there is more than one. */
  readonly lanes: ReadonlyMap<number, StreamLane>;
  readonly partitions: Partitions | undefined;
  /** The last id that was read, by lane: where a group goes on that has vanished. */
  readonly positions: Map<string, string>;
  /** The stream that a record of a topic goes to. */
  streamOf(topic: string, rec: Rec): Promise<string>;
  /** Entries were trimmed that the group had not read. */
  missed(lane: StreamLane, count: number, after: string): void;
}

/** Milliseconds between two looks for what others left behind, at most. */
const LOOK = 1_000;
/** Milliseconds of silence after which a consumer with nothing pending is forgotten. */
const FORGET = 600_000;

/** A member of a consumer group. */
export class GroupSource implements Source {
  readonly #plan: GroupPlan;
  readonly #interval: number;
  /** When to look again for what is due and what was left behind. */
  #next = 0;
  #turn = 0;

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    this.#interval = Math.min(LOOK, plan.lease / 4);
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const { partitions, positions, reader, topic } = this.#plan;
    if (performance.now() >= this.#next || isTrimmed(topic)) {
      const found = await this.#look(room, paused);
      if (found.length > 0) return found;
    }
    const lanes = this.#nextLanes(room, paused);
    // With fewer places than lanes the others must have their turn soon.
    const longest = lanes.length === this.#plan.lanes.size ? Infinity : this.#interval / 8;
    const wait = Math.min(this.#next - performance.now(), longest);
    const block = Math.max(1, Math.ceil(wait));
    const streams = await reader.read(this.#command(lanes, room, block), signal);
    // Whoever was stopped for long has to ask whether the lanes are still there.
    if (partitions?.isOver) await partitions.share();
    return lanes.filter(({ fenced }) => !fenced).flatMap((lane) => {
      const entries = streams.get(lane.stream) ?? [];
      if (entries.length > 0) positions.set(lane.name, entries.at(-1)!.id);
      return this.#deliveries(lane, entries, () => 1);
    });
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const { connection, group } = this.#plan;
    await this.#each(
      deliveries,
      (lane, ids) => connection.call("XACK", lane.stream, group, ...ids),
    );
    for (const delivery of deliveries) laneOf(delivery).held.delete(idOf(delivery));
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const { connection, group, consumer, lease, reader } = this.#plan;
    const byId = new Map(items.map((item) => [item.delivery, item]));
    await this.#each(items.map(({ delivery }) => delivery), (lane, _ids, deliveries) => {
      const args = deliveries.flatMap((delivery) => {
        const { delay, unstarted } = byId.get(delivery)!;
        return [idOf(delivery), Math.ceil(delay), delivery.count - (unstarted ? 1 : 0)];
      });
      return connection.run(
        GIVE_BACK,
        [lane.stream, lane.delayed],
        group,
        consumer,
        lease,
        ...args,
      );
    });
    for (const { delivery } of items) laneOf(delivery).held.delete(idOf(delivery));
    const soonest = performance.now() + Math.min(...items.map(({ delay }) => delay));
    if (soonest >= this.#next) return;
    this.#next = soonest;
    await reader.interrupt();
  }

  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    const { connection, group, consumer, partitions } = this.#plan;
    await partitions?.share();
    const gone: Delivery[] = [];
    await this.#each(deliveries, async (lane, ids, all) => {
      const reply = await connection.run(EXTEND, [lane.stream], group, consumer, ...ids);
      const lost = new Set((reply as unknown[]).map(text));
      for (const id of lost) lane.held.delete(id);
      gone.push(...all.filter((delivery) => lost.has(idOf(delivery))));
    });
    return gone;
  }

  async transfer(delivery: Delivery, topic: string, rec: Rec): Promise<void> {
    const { connection, group, consumer, layout, streamOf } = this.#plan;
    const lane = laneOf(delivery);
    const keys = [lane.stream, await streamOf(topic, rec)];
    const args = [group, consumer, idOf(delivery), ...layout.write(rec)];
    const acked = await connection.run(TRANSFER, keys, ...args);
    lane.held.delete(idOf(delivery));
    if (acked === 0) throw new LeaseLostError(this.#plan.topic.name);
  }

  offset(delivery: Delivery): string {
    return idOf(delivery);
  }

  async lag(): Promise<readonly LaneLag[]> {
    const { connection, group, lanes } = this.#plan;
    return await Promise.all(
      Array.from(lanes.values(), (lane) => lagOf(connection, group, lane)),
    );
  }

  async close(): Promise<void> {
    const { connection, group, consumer, partitions, reader, topic } = this.#plan;
    try {
      await partitions?.leave();
      for (const stream of topic.keys.streams) {
        await connection.run(LEAVE, [stream], group, consumer, FORGET);
      }
    } finally {
      await reader.close();
    }
  }

  /** What this consumer had before its connection was lost can be claimed at once. */
  async abandon(): Promise<void> {
    const { connection, group, consumer, lease, topic } = this.#plan;
    for (const stream of topic.keys.streams) {
      await connection.run(ABANDON, [stream], group, consumer, lease);
    }
  }

  /** Takes what is due, and what others left behind; looks whether something was trimmed unread. */
  async #look(room: number, paused: (lane: Lane) => boolean): Promise<Delivery[]> {
    const { lanes, partitions, topic, trimAcked: trims } = this.#plan;
    this.#next = performance.now() + this.#interval;
    await partitions?.share();
    const found: Delivery[] = [];
    for (const lane of lanes.values()) {
      if (found.length >= room) this.#next = 0;
      else if (!paused(lane)) found.push(...await this.#poll(lane, room - found.length));
    }
    if (trims) await trimAcked(this.#plan.connection, topic, lanes.values());
    return found.filter(({ lane }) => !lane.fenced);
  }

  async #poll(lane: StreamLane, room: number): Promise<Delivery[]> {
    const { connection, group, consumer, lease, missed } = this.#plan;
    const keys = [lane.stream, lane.delayed];
    const idle = lane.inherits ? 0 : lease;
    const reply = await connection.run(POLL, keys, group, consumer, idle, room, lane.cursor);
    const [cursor, wait, gap, last, entries] = reply as [...unknown[], unknown[]];
    lane.cursor = text(cursor);
    if (lane.cursor === "0-0") lane.inherits = false;
    // There is more to look at.
    else this.#next = 0;
    if (Number(wait) >= 0) this.#next = Math.min(this.#next, performance.now() + Number(wait));
    if (Number(gap) > 0 && lane.gap !== text(last)) missed(lane, Number(gap), text(last));
    lane.gap = text(last);
    const taken = entries as [Uint8Array, Uint8Array[] | null, number][];
    const counts = new Map(taken.map(([id, , count]) => [text(id), Number(count)]));
    const fresh = taken.map(([id, fields]) => ({ id: text(id), fields }))
      // What the engine has is ours: its lease was prolonged late, but before somebody else had it.
      .filter(({ id }) => !lane.held.has(id));
    return this.#deliveries(lane, fresh, (id) => counts.get(id)!);
  }

  /** The lanes of the next read: in turn, if there are more than places. */
  #nextLanes(room: number, paused: (lane: Lane) => boolean): StreamLane[] {
    const lanes = [...this.#plan.lanes.values()].filter((lane) => !paused(lane) && !lane.inherits);
    if (lanes.length <= room) return lanes;
    const start = this.#turn++ * room % lanes.length;
    return [...lanes.slice(start), ...lanes.slice(0, start)].slice(0, room);
  }

  #command(lanes: readonly StreamLane[], room: number, block: number): (string | number)[] {
    const { group, consumer, topic } = this.#plan;
    if (lanes.length === 0) return ["XREAD", "BLOCK", block, "STREAMS", topic.keys.idle, "$"];
    const each = Math.floor(room / lanes.length);
    return [
      ...["XREADGROUP", "GROUP", group, consumer, "COUNT", each, "BLOCK", block, "STREAMS"],
      ...lanes.map(({ stream }) => stream),
      ...lanes.map(() => ">"),
    ];
  }

  #deliveries(
    lane: StreamLane,
    entries: readonly StreamEntry[],
    countOf: (id: string) => number,
  ): Delivery[] {
    const { topic, layout } = this.#plan;
    const deliveries: Delivery[] = [];
    for (const { id, fields } of entries) {
      if (fields === null) continue;
      const named = `${topic.name}/${lane.name}/${id}`;
      const rec = layout.read(fields, { id: named, time: parseInt(id) });
      lane.held.add(id);
      deliveries.push({ rec, token: id, lane, count: countOf(id) });
    }
    return deliveries;
  }

  /** Runs something for the deliveries of each lane. */
  async #each(
    deliveries: readonly Delivery[],
    run: (lane: StreamLane, ids: string[], deliveries: readonly Delivery[]) => Promise<unknown>,
  ): Promise<void> {
    const byLane = Map.groupBy(deliveries, laneOf);
    await Promise.all(Array.from(byLane, ([lane, own]) => run(lane, own.map(idOf), own)));
  }
}

function laneOf({ lane }: Delivery): StreamLane {
  return lane as StreamLane;
}

function idOf({ token }: Delivery): string {
  return token as string;
}
