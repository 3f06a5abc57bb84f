import type { Queue, SqlDialect, Ticket } from "./contracts.ts";
import { LeaseLostError, newUuid, type Rec, type StartPosition } from "@beat/beat/message";
import type { Delivery, Lane, LaneLag, Requeue, Source } from "@beat/beat/transport";
import { look, type Polling } from "./polling.ts";
import { countUnsettled, exists, peekDue, prolong, putBack, settle } from "./queue_plans.ts";
import { recordOf } from "./record.ts";
import { atomically, execute, run } from "./session.ts";

/** What a source of a group is made of. */
export interface GroupPlan extends Polling {
  readonly topic: string;
  readonly queue: Queue;
  /** The lane of a message. @default {one lane, `""`} */
  readonly laneOf?: (topic: string) => Lane;
  /** What is done instead of publishing a record and ending its delivery. @default {nothing} */
  readonly transfer?: SqlDialect["transfer"];
}

/** Makes the queue get what is published to some topics, and opens a source on it. */
export async function openGroup(
  plan: GroupPlan,
  { topics, from }: { topics: readonly string[]; from: StartPosition },
  onClose: () => void = () => {},
): Promise<GroupSource> {
  const { connection, queue: { dialect, tables, name } } = plan;
  for (const topic of topics) await run(connection, dialect.join(tables, name, topic, from));
  return new GroupSource(plan, onClose);
}

/** A delivery of this source. */
interface SqlDelivery extends Delivery {
  readonly token: Ticket;
}

/** Competes with all who have claimed from the same queue, in this process and in others. */
export class GroupSource implements Source {
  readonly #plan: GroupPlan;
  readonly #lane: Lane = { name: "", fenced: false };
  readonly #onClose: () => void;
  /** Acks of what was somebody else's already were told once. */
  readonly #told = new WeakSet<Ticket>();
  #isCaughtUp = false;
  #isIdle = false;

  constructor(plan: GroupPlan, onClose: () => void) {
    this.#plan = plan;
    this.#onClose = onClose;
  }

  fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    return look(this.#plan, async () => paused(this.#lane) ? [] : await this.#take(room), signal);
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const { connection, queue, topic, bell } = this.#plan;
    const tickets = ticketsOf(deliveries).filter((ticket) => !this.#told.has(ticket));
    if (tickets.length === 0) return;
    const late = await execute(connection, () => settle(queue, tickets));
    // What comes after them may be somebody's turn.
    if (queue.ordered) bell.ring();
    if (late.length === 0) return;
    for (const ticket of late) this.#told.add(ticket);
    throw new LeaseLostError(topic);
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const { connection, queue, bell } = this.#plan;
    const kinds = Map.groupBy(items, ({ delay, unstarted }) => `${delay} ${unstarted}`);
    await atomically(connection, function* () {
      for (const alike of kinds.values()) {
        yield* putBack(queue, ticketsOf(alike.map(({ delivery }) => delivery)), alike[0]!);
      }
    });
    bell.ring();
  }

  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    const { connection, queue } = this.#plan;
    const lost = new Set(
      await execute(connection, () => prolong(queue, ticketsOf(deliveries))),
    );
    return deliveries.filter((delivery) => lost.has((delivery as SqlDelivery).token));
  }

  async transfer(delivery: Delivery, topic: string, rec: Rec): Promise<void> {
    const { connection, queue, transfer = queue.dialect.transfer } = this.#plan;
    const { token } = delivery as SqlDelivery;
    const isOurs = await atomically(connection, () => transfer(queue, token, topic, rec));
    if (!isOurs) throw new LeaseLostError(this.#plan.topic);
  }

  offset({ token }: Delivery): string {
    return String((token as Ticket).seq);
  }

  async lag(): Promise<readonly LaneLag[]> {
    const lag = await run(this.#plan.connection, countUnsettled(this.#plan.queue));
    return [{ lane: "", lag, measuredAt: Date.now() }];
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#onClose();
  }

  /** Claims what is due. A queue that was empty is looked at before anything is locked. */
  async #take(room: number): Promise<readonly SqlDelivery[]> {
    const { connection, queue } = this.#plan;
    if (!await this.#catchUp()) return [];
    if (this.#isIdle && !await run(connection, peekDue(queue))) {
      if (await run(connection, exists(queue))) return [];
      throw new Error(`Cannot read queue '${queue.name}' as it was removed`);
    }
    const lease = newUuid();
    const rows = await atomically(connection, () => queue.dialect.claim(queue, lease, room));
    this.#isIdle = rows.length === 0;
    return rows.map((row) => {
      const lane = this.#plan.laneOf?.(row.topic as string) ?? this.#lane;
      const token = { seq: Number(row.seq), lease };
      return { rec: recordOf(row), token, lane, count: Number(row.attempts) };
    });
  }

  /** A queue that is new gets what was published before. */
  async #catchUp(): Promise<boolean> {
    const { connection, queue: { dialect, tables, name } } = this.#plan;
    this.#isCaughtUp ||= await atomically(connection, () => dialect.catchUp(tables, name));
    return this.#isCaughtUp;
  }
}

function ticketsOf(deliveries: readonly Delivery[]): Ticket[] {
  return deliveries.map(({ token }) => token as Ticket);
}
