import { Bell } from "@beat/beat/transport";
import type {
  ConnectionEvent,
  Delivery,
  Host,
  Lane,
  LaneLag,
  Requeue,
  Source,
  Traits,
} from "@beat/beat/transport";
import { Arrivals } from "./arrivals.ts";
import type { Connection, Opened } from "./connection.ts";
import type { GivenBack } from "./given_back.ts";
import type { GroupLane } from "./group_lane.ts";
import { heldOf } from "./held.ts";
import { Inbox } from "./inbox.ts";
import { EXPIRES, Requests } from "./requests.ts";
import { ACK, nak, prolong, tell } from "./settling.ts";

/** What a member of a group is made of. */
export interface GroupPlan {
  readonly connection: Connection;
  readonly opened: Opened;
  readonly givenBack: GivenBack;
  readonly topic: string;
  readonly lanes: readonly GroupLane[];
  /** Milliseconds that the server waits for an ack. */
  readonly lease: number;
  /** Milliseconds that an answer of the server may take. */
  readonly timeout: number;
  readonly host: Host;
}

/**
 * A member of a group. It asks for exactly as much as there is room for, and hands over what comes at
 * once: nothing waits in the client, where its lease would not be prolonged. Of a partition the whole
 * group has one message under way, so there it asks when that is settled.
 */
export class GroupSource implements Source {
  readonly traits: Partial<Traits>;
  readonly #plan: GroupPlan;
  readonly #inbox: Inbox;
  readonly #requests: Requests;
  readonly #arrivals: Arrivals;
  readonly #bell = new Bell();
  readonly #unlisten: () => void;
  /** What came for the fetch that waits; `undefined`: none does. */
  #fetched: Delivery[] | undefined;
  #stopping: Promise<void> | undefined;

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    const { lanes, lease, timeout, connection, opened, host } = plan;
    this.traits = { lease, keyOrder: lanes.length > 1 ? "group" : "member" };
    this.#arrivals = new Arrivals(plan, (delivery) => this.#hand(delivery));
    this.#inbox = new Inbox(opened, lanes, {
      received: (lane, info, message) => {
        lane.receive();
        this.#arrivals.add(lane, info, message);
      },
      dismissed: () => this.#bell.ring(),
      failed: (cause) => host.event({ kind: "failed", at: Date.now(), cause }),
    });
    this.#requests = new Requests(this.#inbox, lanes, timeout);
    this.#unlisten = connection.listen((event) => this.#heed(event));
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    this.#requests.check();
    if (this.#plan.connection.isConnected) this.#requests.ask(room, paused);
    const fetched: Delivery[] = this.#fetched = [];
    await this.#bell.wait(this.#bell.rings, EXPIRES, signal);
    this.#fetched = undefined;
    return fetched;
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const told = tell(this.#plan, deliveries.map((delivery) => [delivery, ACK]));
    // The next of a partition may be asked for: the server hears of that after the ack.
    this.#settle(deliveries);
    await told;
  }

  async requeue(items: readonly Requeue[]): Promise<void> {
    const unstarted = items.filter((item) => item.unstarted).map(({ delivery }) => delivery);
    if (unstarted.length > 0) await this.#plan.givenBack.note(unstarted.map(heldOf));
    await this.#stopping;
    const told = tell(this.#plan, items.map(({ delivery, delay }) => [delivery, nak(delay)]));
    this.#settle(items.map(({ delivery }) => delivery));
    await told;
  }

  // deno-lint-ignore require-await
  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    const gone = prolong(this.#plan, deliveries);
    this.#settle(gone);
    return gone;
  }

  offset(delivery: Delivery): string {
    return String(heldOf(delivery).sequence);
  }

  lag(): Promise<readonly LaneLag[]> {
    const { lanes, opened: { jsm } } = this.#plan;
    return Promise.all(lanes.map(async ({ name, stream, durable }) => {
      const { num_pending, num_ack_pending } = await jsm.consumers.info(stream, durable);
      return { lane: name, lag: num_pending + num_ack_pending, measuredAt: Date.now() };
    }));
  }

  async stop(): Promise<void> {
    // What is on its way by a connection that is lost will be delivered again.
    this.#stopping = this.#plan.connection.untilLost(this.#withdraw()).catch(() => {});
    await this.#stopping;
    await this.#arrivals.handed;
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#unlisten();
    this.#inbox.close();
    this.#bell.ring();
  }

  async #withdraw(): Promise<void> {
    await this.#inbox.drain();
    // To tell of a consumer the server looks through its requests and forgets those of nobody; NATS 2.9
    // would take them for somebody when it delivers again what is given back.
    await this.lag();
  }

  #hand(delivery: Delivery): void {
    if (this.#fetched === undefined) return void this.#plan.host.admit(delivery);
    this.#fetched.push(delivery);
    this.#bell.ring();
  }

  /** Partitions whose message is settled may be asked for the next. */
  #settle(deliveries: readonly Delivery[]): void {
    if (this.#plan.lanes.length === 1) return;
    for (const { lane } of deliveries) (lane as GroupLane).settle();
    this.#bell.ring();
  }

  #heed(event: ConnectionEvent): void {
    this.#plan.host.event(event);
    this.#requests.dismiss();
    this.#bell.ring();
  }
}
