import { Bell, type Delivery, type Host, type Source } from "@beat/beat/transport";
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
export function groupSource(plan: GroupPlan): Source {
  const { connection, opened, givenBack, lanes, lease, timeout, host } = plan;
  const bell = new Bell();
  /**
   * What came for the fetch that waits; `undefined`: none does. More than it has room for may come, as
   * each partition was asked for one, however many there are.
   */
  let waiting: { readonly own: Delivery[]; readonly room: number } | undefined;
  let stopping: Promise<void> | undefined;

  const arrivals = new Arrivals(plan, (delivery) => {
    if (!waiting || waiting.own.length >= waiting.room) return void host.admit(delivery);
    waiting.own.push(delivery);
    bell.ring();
  });
  const inbox = new Inbox(opened, lanes, {
    received(lane, count, message) {
      lane.receive();
      arrivals.add(lane, count, message);
    },
    dismissed: () => bell.ring(),
    failed: (cause) => host.event({ kind: "failed", at: Date.now(), cause }),
  });
  const requests = new Requests(inbox, lanes, timeout);
  const unlisten = connection.news.onConnection((event) => {
    host.event(event);
    requests.dismiss();
    bell.ring();
  });
  /** Partitions whose message is settled may be asked for the next. */
  const settle = (deliveries: readonly Delivery[]) => {
    if (lanes.length === 1) return;
    for (const { lane } of deliveries) (lane as GroupLane).settle();
    bell.ring();
  };
  const lag = () =>
    Promise.all(lanes.map(async ({ name, stream, durable }) => {
      const { num_pending, num_ack_pending } = await opened.jsm.consumers.info(stream, durable);
      return { lane: name, lag: num_pending + num_ack_pending, measuredAt: Date.now() };
    }));

  return {
    traits: { lease, keyOrder: lanes.length > 1 ? "group" : "member" },

    async fetch(room, paused, signal) {
      requests.check();
      if (connection.isConnected) requests.ask(room, paused);
      const { own } = waiting = { own: [] as Delivery[], room };
      await bell.wait(bell.rings, EXPIRES, signal);
      waiting = undefined;
      return own;
    },

    async ack(deliveries) {
      const told = tell(plan, deliveries.map((delivery) => [delivery, ACK]));
      // The next of a partition may be asked for: the server hears of that after the ack.
      settle(deliveries);
      await told;
    },

    async requeue(items) {
      const unstarted = items.filter((item) => item.unstarted).map(({ delivery }) => delivery);
      if (unstarted.length > 0) await givenBack.note(unstarted.map(heldOf));
      await stopping;
      const told = tell(plan, items.map(({ delivery, delay }) => [delivery, nak(delay)]));
      settle(items.map(({ delivery }) => delivery));
      await told;
    },

    // deno-lint-ignore require-await
    async extend(deliveries) {
      const gone = prolong(plan, deliveries);
      settle(gone);
      return gone;
    },

    offset: (delivery) => String(heldOf(delivery).sequence),
    lag,

    async stop() {
      // To tell of a consumer the server looks through its requests and forgets those of nobody; NATS 2.9
      // would take them for somebody when it delivers again what is given back.
      const withdrawn = inbox.drain().then(lag);
      // What is on its way by a connection that is lost will be delivered again.
      stopping = connection.untilLost(withdrawn).then(() => {}, () => {});
      await stopping;
      await arrivals.handed;
    },

    // deno-lint-ignore require-await
    async close() {
      unlisten();
      inbox.close();
      bell.ring();
    },
  };
}
