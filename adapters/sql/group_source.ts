import type { Queue, SqlDialect, SqlRow, Stretch } from "./contracts.ts";
import { LeaseLostError, newUuid, type StartPosition } from "@beat/beat/message";
import type { Delivery, Lane, Source } from "@beat/beat/transport";
import { look, type Polling } from "./polling.ts";
import * as plans from "./queue_plans.ts";
import { recordOf } from "./record.ts";
import { atomically, execute, run } from "./session.ts";
import { stretchOf } from "./stretch.ts";

/** What a source of a group is made of. */
export interface GroupPlan extends Polling {
  readonly queue: Queue;
  /** What the queue gets. */
  readonly topics: readonly string[];
  readonly from: StartPosition;
  /** The lane of a message. @default {one lane, `""`} */
  readonly laneOf?: (topic: string) => Lane;
  /** What is done instead of publishing a record and ending its delivery. @default {nothing} */
  readonly transfer?: SqlDialect["transfer"];
}

type SqlDelivery = Delivery & plans.Claimed;

/** Competes with all who have claimed from the same queue, in this process and in others. */
export async function openGroup(plan: GroupPlan): Promise<Source> {
  const { connection, queue, bell, topics, from } = plan;
  const { dialect, tables, name } = queue;
  for (const topic of topics) await run(connection, dialect.join(tables, name, topic, from));
  const only: Lane = { name: "", fenced: false };
  const { laneOf = () => only, transfer = dialect.transfer } = plan;
  /** Acks of what was somebody else's already were told once. */
  const told = new WeakSet<Delivery>();
  let isCaughtUp = false;
  let isIdle = false;

  /** Where to look when nothing is due at the beginning: what is there may be delayed for long. */
  let further = 0;

  const take = async (room: number): Promise<SqlDelivery[]> => {
    // A queue that is new gets what was published before.
    isCaughtUp ||= await atomically(connection, () => dialect.catchUp(tables, name));
    if (!isCaughtUp) return [];
    const first = await run(connection, stretchOf(queue, 0));
    const rows = await claim(first, room);
    if (rows.length > 0 || first.isLast) return rows;
    const stretch = await run(connection, stretchOf(queue, Math.max(further, first.upTo)));
    const others = await claim(stretch, room);
    if (others.length === 0) further = stretch.isLast ? 0 : stretch.upTo;
    return others;
  };
  /** Claims what is due. Where nothing was, it is looked at before anything is locked. */
  const claim = async (stretch: Stretch, room: number): Promise<SqlDelivery[]> => {
    if (isIdle && !await run(connection, dialect.isDue(queue, stretch))) return [];
    const lease = newUuid();
    const rows = await execute(connection, () => dialect.claim(queue, stretch, lease, room));
    isIdle = rows.length === 0;
    return rows.map((row) => deliveryOf(row, lease));
  };
  const deliveryOf = (row: SqlRow, lease: string): SqlDelivery => ({
    rec: recordOf(row),
    token: { seq: Number(row.seq), lease },
    lane: laneOf(row.topic as string),
    count: Number(row.attempts),
  });

  return {
    fetch: (room, paused, signal) =>
      look(plan, async () => paused(only) ? [] : await take(room), signal),

    async ack(deliveries) {
      const ours = (deliveries as readonly SqlDelivery[]).filter((one) => !told.has(one));
      if (ours.length === 0) return;
      const late = await execute(connection, () => dialect.settle(queue, ours));
      // What comes after them may be somebody's turn.
      if (queue.ordered) bell.ring();
      for (const delivery of late) told.add(delivery);
      if (late.length > 0) throw new LeaseLostError(name);
    },

    async requeue(items) {
      await atomically(connection, () => plans.putBack(queue, items));
      bell.ring();
    },

    extend: (deliveries) =>
      execute(connection, () => plans.prolong(queue, deliveries as readonly SqlDelivery[])),

    async transfer(delivery, topic, rec) {
      const { token } = delivery as SqlDelivery;
      const isOurs = await atomically(connection, () => transfer(queue, token, topic, rec));
      if (!isOurs) throw new LeaseLostError(name);
    },

    offset: (delivery) => String((delivery as SqlDelivery).token.seq),

    async lag() {
      const lag = await run(connection, plans.countUnsettled(queue));
      return [{ lane: "", lag, measuredAt: Date.now() }];
    },

    close: plan.close,
  };
}
