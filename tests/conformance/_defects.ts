import type { Delivery } from "../../src/transport/port.ts";
import { consume } from "../../src/transport/consumption.ts";
import { subscriber } from "../../src/transport/subscriber.ts";
import { override } from "../../src/testing/probes.ts";
import { after } from "../../src/transport/timer.ts";
import {
  acksAtFetch,
  acksNacks,
  type Bench,
  memory,
  onFetch,
  onRec,
  onRequeue,
  onSend,
  onSource,
  onSpec,
  shelf,
  storesOnly,
} from "./_broken.ts";

/** A way to be wrong, and what the suite says of it. */
export interface Defect {
  /** What is wrong. */
  readonly defect: string;
  /** Makes a broker that has the defect. */
  readonly make: () => Bench;
  /** What the failure says. */
  readonly says: RegExp;
}

/** By the name of the test that must fail. */
export type Defects = Record<string, readonly Defect[]>;

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** Bytes with methods of their own, as a Buffer of Node is. */
class ClientBytes extends Uint8Array {}

/** Every delivery twice. */
const twice = (deliveries: readonly Delivery[]) => deliveries.flatMap((one) => [one, one]);

/** Defects of delivery, and of who gets what. */
export const DELIVERY_DEFECTS: Defects = {
  "delivery: what is published comes whole and once, and close ends the stream": [
    {
      defect: "cuts payloads at the first zero byte",
      make: () =>
        memory(onRec(({ payload }) => {
          const end = payload.indexOf(0);
          return end === -1 ? {} : { payload: payload.slice(0, end) };
        })),
      says: /payload of 256 bytes came as other 0 bytes/,
    },
    {
      defect: "hands on what its client calls bytes",
      make: () => memory(onRec(({ payload }) => ({ payload: new ClientBytes(payload) }))),
      says: /payload came as a ClientBytes/,
    },
    {
      defect: "loses headers",
      make: () => memory(onRec(() => ({ headers: [] }))),
      says: /metadata test 'number \d+' came as 'undefined'/,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "stamps messages with the time of their delivery",
      make: () => memory(onRec(() => ({ time: Date.now() }))),
      says: /time 2023/,
    },
  ],
  "delivery: many publishers and members, each message comes to one of them": [{
    defect: "drops the last of each large batch, and confirms it",
    make: () => memory(storesOnly((_, at) => at < 10)),
    says: /messages did not come/,
  }],
  "delivery: what is nacked comes again, and nothing else does": [
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /messages did not come|deliveries came/,
    },
    {
      defect: "gives out all of a fetch again when one of it is nacked",
      make: () =>
        shelf(onSource((source) => {
          let fetched: readonly Delivery[] = [];
          return {
            fetch: async (...args) => fetched = await source.fetch!(...args),
            requeue: (items) =>
              source.requeue!(fetched.map((delivery) => ({ ...items[0]!, delivery }))),
          };
        })),
      says: /What came again must be/,
    },
  ],
  "delivery: after every nack comes another delivery, across members that close": [{
    defect: "loses what is given back when a member closes",
    make: () =>
      shelf(onSource((source) => ({
        close: async () => {
          await source.ack(await source.fetch!(100, () => false, AbortSignal.timeout(50)));
          await source.close();
        },
      }))),
    says: /messages did not come/,
  }],
  "delivery: attempt is 1 first and one more after each nack, redelivered says so": [{
    defect: "loses the count of deliveries",
    make: () => shelf(onFetch((deliveries) => deliveries.map((one) => ({ ...one, count: 1 })))),
    says: /Attempt and redelivered must be/,
  }],
  "delivery: what is nacked with a delay does not come earlier": [{
    defect: "ignores the delay of a nack",
    make: () => shelf(onRequeue((items) => items.map((item) => ({ ...item, delay: 0 })))),
    says: /It came after [\d.]+ ms, nacked with 300 ms/,
  }],
  "delivery: what one member nacks comes to another of its group": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /0 of 1/,
    },
    {
      defect: "begins to count anew for another member",
      make: () =>
        shelf(onSource((source) => {
          let before: number | undefined;
          return {
            async fetch(...args) {
              const deliveries = await source.fetch!(...args);
              before ??= (deliveries[0]?.count ?? 1) - 1;
              return deliveries.map((one) => ({ ...one, count: one.count - before! }));
            },
          };
        })),
      says: /The attempt after \d+ nacks of another member must be/,
    },
  ],
  "delivery: a message that always fails is called as often as allowed, then the next comes": [{
    defect: "delivers everything twice",
    make: () => memory(onFetch(twice)),
    says: /The calls with 2 repeats must be/,
  }],
  "delivery: a message that always fails becomes a dead letter, bytes and reason kept": [
    {
      defect: "loses headers",
      make: () => memory(onRec(() => ({ headers: [] }))),
      says: /What it tells must be/,
    },
    {
      defect: "stores nothing of what failed elsewhere",
      make: () =>
        memory(storesOnly(({ rec }) => !rec.headers.some(([name]) => name === "dlq_reason"))),
      says: /0 of 1/,
    },
  ],
  "delivery: the signal of a message aborts when its subscription ends before its handler": [{
    defect: "hands out messages whose signals nobody aborts",
    make: () =>
      memory(undefined, {
        consume: (transport, consumer, options) =>
          consume(transport, (messages) => consumer(messages.map((one) => one.copy())), options),
      }),
    says: /The abort of the signal of a running handler did not happen/,
  }],
  "subscribe: many topics at once, each gets exactly its own": [{
    defect: "stores a message in the topic before as well",
    make: () => {
      const topics: string[] = [];
      return memory(onSend(async (sink, lane, items) => {
        if (!topics.includes(lane)) topics.push(lane);
        const other = topics[topics.indexOf(lane) - 1];
        if (other !== undefined) await sink.send(other, items);
        return await sink.send(lane, items);
      }));
    },
    says: /came and nobody published it/,
  }],
  "subscribe: a topic gets its own message and nothing more": [{
    defect: "takes topics for the same that begin alike",
    make: () => {
      const short = (topic: string) => topic.slice(0, 20);
      return memory((transport) =>
        override(onSend((sink, lane, items) => sink.send(short(lane), items))(transport), {
          source: (spec, host) => transport.source({ ...spec, topic: short(spec.topic) }, host),
        })
      );
    },
    says: /messages did not come|What the two topics got must be/,
  }],
  "subscribe: one that is aborted ends, and what it had goes back to its group": [{
    defect: "acks before anybody has handled it",
    make: () => memory(acksAtFetch),
    says: /messages did not come/,
  }],
  "subscribe: a new reader gets all that was published before": [{
    defect: "begins at the end, whatever is asked for",
    make: () => memory(onSpec((spec) => ({ ...spec, from: "latest" }))),
    says: /1 of 1 messages did not come/,
  }],
  "subscribe: an aborted signal rejects without a call, and no listener stays on a signal": [
    {
      defect: "does not look at the signal",
      make: () =>
        memory(undefined, {
          subscriber: (transport) => {
            const made = subscriber(transport);
            return override(made, {
              subscribe: (topic, { signal: _, ...rest } = {}) => made.subscribe(topic, rest),
            });
          },
        }),
      says: /What rejects must be the reason/,
    },
    {
      defect: "leaves its listener on the signal",
      make: () =>
        memory(undefined, {
          subscriber: (transport) => {
            const made = subscriber(transport);
            return override(made, {
              subscribe(topic, options) {
                options?.signal?.addEventListener("abort", () => {});
                return made.subscribe(topic, options);
              },
            });
          },
        }),
      says: /Listeners on the signal after close must be 0/,
    },
  ],
  "iterate: leaving the loop ends the subscription, what was not settled goes to its group": [{
    defect: "acks before anybody has handled it",
    make: () => memory(acksAtFetch),
    says: /messages did not come/,
  }],
  "backpressure: a slow consumer has no more in memory than its prefetch": [{
    defect: "fetches ten times as much as there is room for",
    make: () =>
      memory(onSource((source) => ({
        fetch: (room, paused, signal) => source.fetch!(10 * room, paused, signal),
      }))),
    says: /\d+ were taken, 32 may be/,
  }],
  "backpressure: a consumer that stands still holds up no other topic": [{
    defect: "fetches for one topic after the other",
    make: () => {
      let first: string | undefined;
      return memory(onSource((source, { topic }) => ({
        async fetch(room, paused, signal) {
          first ??= topic;
          if (first === topic) return await source.fetch!(room, paused, signal);
          await new Promise<void>((resolve) => void after(5, resolve));
          return [];
        },
      })));
    },
    says: /0 of 20 messages came past a topic that stands still/,
  }],
  "headers: empty values, any text, 100 names, and names that differ in case come as they are": [
    {
      defect: "makes names lower case",
      make: () =>
        memory(onRec(({ headers }) => ({
          headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
        }))),
      says: /metadata Tenant 'upper' came as 'undefined'/,
    },
    {
      defect: "loses empty values",
      make: () =>
        memory(onRec(({ headers }) => ({ headers: headers.filter(([, value]) => value !== "") }))),
      says: /metadata empty '' came as 'undefined'/,
    },
    {
      defect: "trims values",
      make: () =>
        memory(onRec(({ headers }) => ({
          headers: headers.map(([name, value]) => [name, value.trim()] as const),
        }))),
      says: /metadata spaces/,
    },
  ],
  "payload: none, every byte value, bytes that are no UTF-8, and large ones come as they are": [{
    defect: "takes bytes for text",
    make: () =>
      memory(onRec(({ payload }) => ({ payload: ENCODER.encode(DECODER.decode(payload)) }))),
    says: /payload of \d+ bytes came as other/,
  }],
};
