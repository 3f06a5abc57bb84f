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
 * once: nothing waits in the client, where its lease would not be prolonged. A consumer of a partition
 * has one message under way for the whole group, so there the client may ask by itself.
 */
export class GroupSource implements Source {
  readonly traits: Partial<Traits>;
  readonly #plan: GroupPlan;
  readonly #open = new Set<ConsumerMessages>();
  readonly #unlisten: () => void;
  /** What is asked for all the time. */
  readonly #followed = new Set<Lane>();
  /** Messages that were asked for and did not come yet, and how few of them let us ask for more. */
  #asked = 0;
  #few = 0;
  #wake = () => {};
  #closed = false;

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    const { lanes, lease, connection } = plan;
    this.traits = { lease, keyOrder: lanes.length === 1 ? "member" : "group" };
    this.#unlisten = connection.listen((event) => {
      plan.host.event(event);
      // The server may have forgotten what it was asked for: it is asked again.
      if (event.kind === "recovered") this.#end();
    });
  }

  async fetch(
    room: number,
    _paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const [first, ...others] = this.#plan.lanes as [GroupLane, ...GroupLane[]];
    if (others.length > 0) this.#followAll();
    else {
      this.#few = Math.floor(room / 2);
      const count = room - this.#asked;
      if (this.#asked <= this.#few) {
        void this.#follow(
          first,
          first.consumer.fetch({ max_messages: count, expires: EXPIRES }),
          count,
        );
      }
    }
    await this.#change(signal);
    return [];
  }

  ack(deliveries: readonly Delivery[]): Promise<void> {
    return tell(this.#plan, deliveries.map((delivery) => [delivery, ACK]));
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const unstarted = items.filter((item) => item.unstarted).map(({ delivery }) => delivery);
    if (unstarted.length > 0) await this.#plan.givenBack.note(unstarted.map(heldOf));
    await tell(this.#plan, items.map(({ delivery, delay }) => [delivery, nak(delay)]));
  }

  // deno-lint-ignore require-await
  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    return prolong(this.#plan, deliveries);
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

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    this.#end();
  }

  #followAll(): void {
    for (const lane of this.#plan.lanes) {
      if (this.#followed.has(lane)) continue;
      const options = { max_messages: 1, expires: EXPIRES, abort_on_missing_resource: true };
      void this.#follow(lane, lane.consumer.consume(options), 0);
    }
  }

  /** Hands over what comes of `count` messages that were asked for. */
  async #follow(lane: GroupLane, asking: Promise<ConsumerMessages>, count: number): Promise<void> {
    let left = count;
    this.#asked += left;
    this.#followed.add(lane);
    try {
      const messages = await asking;
      this.#open.add(messages);
      if (this.#closed) void messages.close();
      for await (const message of messages) {
        if (left > 0) {
          left--;
          this.#asked--;
        }
        await this.#admit(lane, message);
        if (left > 0 && this.#asked <= this.#few) this.#wake();
      }
      this.#open.delete(messages);
    } catch (cause) {
      if (!this.#closed) this.#plan.host.event({ kind: "failed", at: Date.now(), cause });
    }
    this.#asked -= left;
    this.#followed.delete(lane);
    this.#wake();
  }

  async #admit(lane: GroupLane, message: JsMsg): Promise<void> {
    const { topic, host, lease, givenBack } = this.#plan;
    const { streamSequence: sequence, deliveryCount } = message.info;
    const { stream, durable } = lane;
    // Not in the type; the message itself would send each ack once, even if it was lost.
    const { reply } = message as JsMsg & { reply: string };
    const until = performance.now() + lease;
    const token: Held = { reply, stream, durable, sequence, returns: 0, until };
    if (deliveryCount > 1) token.returns = await givenBack.times(token);
    const count = Math.max(1, deliveryCount - token.returns);
    void host.admit({ rec: recOf(message, topic, lane), token, lane, count });
  }

  #end(): void {
    for (const messages of this.#open) void messages.close();
  }

  /** Resolves when there is a reason to ask for more. */
  async #change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener("abort", this.#wake);
    });
    signal.removeEventListener("abort", this.#wake);
  }
}
