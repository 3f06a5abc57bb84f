import type { Delivery, Host, Lane, LaneLag, Requeue, Source, Traits } from "@beat/beat/transport";
import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Connection, Opened } from "./connection.ts";
import type { GivenBack } from "./given_back.ts";
import { type Held, heldOf, recOf } from "./held.ts";
import { ACK, nak, prolong, tell } from "./settling.ts";

/** A partition of a topic as its group has it. */
export interface GroupLane extends Lane {
  readonly consumer: Consumer;
  readonly stream: string;
  readonly durable: string;
}

/** What a member of a group is made of. */
export interface GroupPlan {
  readonly connection: Connection;
  readonly givenBack: GivenBack;
  readonly nc: Opened["nc"];
  readonly topic: string;
  readonly lanes: readonly GroupLane[];
  /** Milliseconds that the server waits for an ack. */
  readonly lease: number;
  readonly host: Host;
}

/** Milliseconds after which the server forgets that it was asked for messages. */
const EXPIRES = 4_000;

/**
 * A member of a group. It asks for exactly as much as there is room for, and hands over what comes at
 * once: nothing waits in the client, where its lease would not be prolonged. Of a partition the whole
 * group has one message under way, so there it asks when that is settled.
 */
export class GroupSource implements Source {
  readonly traits: Partial<Traits>;
  readonly fetch?: Required<Source>["fetch"];
  readonly #plan: GroupPlan;
  readonly #open = new Set<ConsumerMessages>();
  /** What lets the partitions go on that have a message under way. */
  readonly #unsettled = new Map<Lane, () => void>();
  readonly #receiving = new Set<Promise<void>>();
  readonly #unlisten: () => void;
  /** Messages that were asked for and did not come yet. */
  #asked = 0;
  /** What came for the fetch that waits; `undefined`: none does. */
  #fetched: Delivery[] | undefined;
  #wake = () => {};
  #signal: AbortSignal | undefined;
  #failed = false;
  #closed = false;

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    const { lanes, lease, connection } = plan;
    const inPartitions = lanes.length > 1;
    this.traits = { lease, keyOrder: inPartitions ? "group" : "member" };
    if (inPartitions) { for (const lane of lanes) void this.#follow(lane); }
    else this.fetch = (room, _paused, signal) => this.#fetch(lanes[0]!, room, signal);
    this.#unlisten = connection.listen((event) => {
      plan.host.event(event);
      // The server may have forgotten what it was asked for: it is asked again.
      if (event.kind === "recovered") this.#end();
    });
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    await tell(this.#plan, deliveries.map((delivery) => [delivery, ACK]));
    this.#settled(deliveries);
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const unstarted = items.filter((item) => item.unstarted).map(({ delivery }) => delivery);
    if (unstarted.length > 0) await this.#plan.givenBack.note(unstarted.map(heldOf));
    await tell(this.#plan, items.map(({ delivery, delay }) => [delivery, nak(delay)]));
    this.#settled(items.map(({ delivery }) => delivery));
  }

  // deno-lint-ignore require-await
  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    const gone = prolong(this.#plan, deliveries);
    this.#settled(gone);
    return gone;
  }

  offset(delivery: Delivery): string {
    return String(heldOf(delivery).sequence);
  }

  lag(): Promise<readonly LaneLag[]> {
    return Promise.all(this.#plan.lanes.map(async ({ name, consumer }) => {
      const { num_pending, num_ack_pending } = await consumer.info();
      return { lane: name, lag: num_pending + num_ack_pending, measuredAt: Date.now() };
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    this.#end();
    for (const settle of this.#unsettled.values()) settle();
    await Promise.allSettled(this.#receiving);
  }

  async #fetch(lane: GroupLane, room: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    const missing = room - this.#asked;
    // A new request for each message that was handled would be one for each message.
    if (missing > this.#asked) void this.#pull(lane, missing);
    if (signal !== this.#signal) signal.addEventListener("abort", () => this.#wake());
    this.#signal = signal;
    const fetched: Delivery[] = this.#fetched = [];
    if (!signal.aborted) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#fetched = undefined;
    return fetched;
  }

  /** Asks once for some messages, until they are there or the server has forgotten it. */
  async #pull(lane: GroupLane, count: number): Promise<void> {
    this.#asked += count;
    let left = count;
    await this.#receive(
      lane,
      lane.consumer.fetch({ max_messages: count, expires: EXPIRES }),
      (delivery) => {
        // After a new connection the client asks for all of it again.
        if (left > 0) this.#asked--;
        left--;
        if (this.#fetched === undefined) return void this.#plan.host.admit(delivery);
        this.#fetched.push(delivery);
        this.#wake();
      },
    );
    this.#asked -= Math.max(0, left);
    this.#wake();
  }

  /** Asks for one message after the other: who stands still must not be given the next. */
  async #follow(lane: GroupLane): Promise<void> {
    const asking = lane.consumer.fetch({ max_messages: 1, expires: EXPIRES });
    let settled: Promise<void> | undefined;
    await this.#receive(lane, asking, (delivery) => {
      settled = new Promise((resolve) => this.#unsettled.set(lane, resolve));
      void this.#plan.host.admit(delivery);
    });
    await settled;
    if (!this.#closed && !this.#failed) void this.#follow(lane);
  }

  /** Lets partitions go on whose message is settled. */
  #settled(deliveries: readonly Delivery[]): void {
    for (const { lane } of deliveries) this.#unsettled.get(lane)?.();
  }

  async #receive(
    lane: GroupLane,
    asking: Promise<ConsumerMessages>,
    take: (delivery: Delivery) => void,
  ): Promise<void> {
    const receiving = this.#takeAll(lane, asking, take);
    this.#receiving.add(receiving);
    try {
      await receiving;
    } catch (cause) {
      this.#failed = true;
      if (!this.#closed) this.#plan.host.event({ kind: "failed", at: Date.now(), cause });
    }
    this.#receiving.delete(receiving);
  }

  async #takeAll(
    lane: GroupLane,
    asking: Promise<ConsumerMessages>,
    take: (delivery: Delivery) => void,
  ): Promise<void> {
    const messages = await asking;
    this.#open.add(messages);
    if (this.#closed) void messages.close();
    const late: Requeue[] = [];
    for await (const message of messages) {
      const delivery = await this.#deliver(lane, message);
      if (this.#closed) late.push({ delivery, delay: 0, unstarted: true });
      else take(delivery);
    }
    this.#open.delete(messages);
    if (late.length > 0) await this.requeue(late);
  }

  async #deliver(lane: GroupLane, message: JsMsg): Promise<Delivery> {
    const { topic, lease, givenBack } = this.#plan;
    const { streamSequence: sequence, deliveryCount } = message.info;
    const { stream, durable } = lane;
    // Not in the type; the message itself would send each ack once, even if it was lost.
    const { reply } = message as JsMsg & { reply: string };
    const until = performance.now() + lease;
    const token: Held = { reply, stream, durable, sequence, returns: 0, until };
    if (deliveryCount > 1) token.returns = await givenBack.times(token);
    const count = Math.max(1, deliveryCount - token.returns);
    return { rec: recOf(message, topic, lane), token, lane, count };
  }

  #end(): void {
    for (const messages of this.#open) void messages.close();
  }
}
