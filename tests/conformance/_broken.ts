/**
 * Ways to break a transport: each replaces what one call does, and leaves the rest as it is.
 *
 * @module
 */

import { Shelf } from "../../examples/transport/shelf.ts";
import { shelfTransport } from "../../examples/transport/shelf_transport.ts";
import { MemoryBroker } from "../../src/memory/mod.ts";
import type { ConformanceOptions } from "../../src/testing/mod.ts";
import { override } from "../../src/testing/probes.ts";
import type { Faces } from "../../src/testing/world.ts";
import { newUuid } from "../../src/message/uuid.ts";
import type {
  Delivery,
  Requeue,
  SendItem,
  Sink,
  Source,
  SourceSpec,
  Transport,
} from "../../src/transport/port.ts";
import { connectTo } from "./_connection.ts";
import { Network } from "./_network.ts";

/** What a test runs on: a broker and what stands on it. */
export interface Bench extends Omit<ConformanceOptions, "test" | "traits" | "inProcess"> {
  connect: () => Transport;
  /** What is broken above the port. */
  faces?: Partial<Faces>;
  /** Ends what the defect had begun. */
  end?: () => void;
}

/** Puts something between a transport and those who use it. */
export type Break = (transport: Transport) => Transport;

/** Breaks nothing. */
export const same: Break = (transport) => transport;

/** A broker in memory. */
export function memory(broken: Break = same, faces: Partial<Faces> = {}): Bench {
  const broker = new MemoryBroker();
  return { connect: () => broken(connectTo(broker)), faces };
}

/** A broker in memory, behind a network that fails. */
export function network(broken: Break = same, faces: Partial<Faces> = {}): Bench {
  const own = new Network(new MemoryBroker());
  return {
    connect: () => broken(own.connect()),
    faces,
    restartBroker: (whileDown) => own.restart(whileDown),
    freezeNetwork: () => own.freeze(),
    maxPayload: own.maxPayload,
  };
}

/** The broker of the docs: acks one by one, and nacks that it waits out itself. */
export function shelf(broken: Break = same): Bench {
  const own = new Shelf();
  // On a busy machine a short lease might be over, which is not what is to be found.
  const connect = () => shelfTransport(own, 60_000);
  const traits = { ...connect().traits, lease: 0 };
  return { connect: () => broken(override(connect(), { traits })) };
}

/** The same with leases that end soon. */
export function leasedShelf(broken: Break = same): Bench {
  const own = new Shelf();
  return { connect: () => broken(shelfTransport(own, 100)) };
}

/** Changes the sources of a transport. */
export function onSource(
  change: (source: Source, spec: SourceSpec) => Partial<Source>,
  changeSpec: (spec: SourceSpec) => SourceSpec = (spec) => spec,
): Break {
  return (transport) =>
    override(transport, {
      async source(spec, host) {
        const source = await transport.source(changeSpec(spec), host);
        return override(source, change(source, spec));
      },
    });
}

/** Changes what is subscribed to. */
export function onSpec(change: (spec: SourceSpec) => SourceSpec): Break {
  return onSource(() => ({}), change);
}

/** Changes what is delivered. */
export function onFetch(
  change: (deliveries: readonly Delivery[], source: Source) => readonly Delivery[],
): Break {
  return onSource((source) => ({
    fetch: async (...args) => change(await source.fetch!(...args), source),
  }));
}

/** Every delivery twice. */
export function twice(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.flatMap((one) => [one, one]);
}

/** Every delivery twice, the second as if it were another message. */
export function underTwoNames(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.flatMap((one) => [one, { ...one, rec: { ...one.rec, id: newUuid() } }]);
}

/** Never begins to deliver. */
export const neverLive: Break = (transport) =>
  override(transport, { source: () => new Promise(() => {}) });

/** Loses what it fetches. */
export const deliversNothing: Break = onFetch(() => []);

/** Loses what it fetches but for the first time. */
export const deliversFirst: Break = onSource((source) => {
  let fetches = 0;
  return {
    async fetch(...args) {
      const deliveries = await source.fetch!(...args);
      return fetches++ === 0 ? deliveries : [];
    },
  };
});

/** Has what it is asked for come by itself, until it is stopped. */
export const pushes: Break = (transport) =>
  override(transport, {
    async source(spec, host) {
      const source = await transport.source(spec, host);
      const stopping = new AbortController();
      const push = async () => {
        while (!stopping.signal.aborted) {
          const deliveries = await source.fetch!(16, () => false, stopping.signal);
          for (const delivery of deliveries) await host.admit(delivery);
        }
      };
      push().catch(() => {});
      // deno-lint-ignore require-await
      const stop = async () => stopping.abort();
      const close = () => stop().then(() => source.close());
      const pushing: Source = { ack: (deliveries) => source.ack(deliveries), stop, close };
      return pushing;
    },
  });

/** Transfers by publishing and acking. */
export const transfers: Break = (transport) =>
  onSource((source) => ({
    async transfer(delivery, topic, rec) {
      await transport.sink().send(topic, [{ topic, rec, identity: `${topic}:${rec.id}` }]);
      await source.ack([delivery]);
    },
  }))(transport);

/** Changes each record that is delivered. */
export function onRec(change: (rec: Delivery["rec"]) => Partial<Delivery["rec"]>): Break {
  return onFetch((deliveries) =>
    deliveries.map((delivery) => ({
      ...delivery,
      rec: { ...delivery.rec, ...change(delivery.rec) },
    }))
  );
}

/** Changes what is to be delivered again. */
export function onRequeue(change: (items: readonly Requeue[]) => readonly Requeue[]): Break {
  return onSource((source) => ({ requeue: (items) => source.requeue!(change(items)) }));
}

/** Takes a nack for an ack. */
export const acksNacks: Break = onSource((source) => ({
  requeue: (items) => source.ack(items.map(({ delivery }) => delivery)),
}));

/** Changes what is stored. */
export function onSend(
  send: (sink: Sink, ...args: Parameters<Sink["send"]>) => ReturnType<Sink["send"]>,
): Break {
  return (transport) =>
    override(transport, {
      sink() {
        const sink = transport.sink();
        return override(sink, { send: (lane, items) => send(sink, lane, items) });
      },
    });
}

/** Stores only some items, and confirms all. */
export function storesOnly(keeps: (item: SendItem, at: number) => boolean): Break {
  return onSend(async (sink, lane, items) => {
    await sink.send(lane, items.filter(keeps));
    return items.map(() => undefined);
  });
}

/** Stores what goes to a topic in the one that was used before it as well. */
export function echoing(): Break {
  const topics: string[] = [];
  return onSend(async (sink, lane, items) => {
    if (!topics.includes(lane)) topics.push(lane);
    const other = topics[topics.indexOf(lane) - 1];
    if (other !== undefined) await sink.send(other, items);
    return await sink.send(lane, items);
  });
}

/** Whether it is on its way to dead letters. */
export function isLetter({ rec }: SendItem): boolean {
  return rec.headers.some(([name]) => name === "dlq_reason");
}

/** The same item with at most so many bytes of payload. */
export function cut(item: SendItem, length: number): SendItem {
  return { ...item, rec: { ...item.rec, payload: item.rec.payload.subarray(0, length) } };
}

/** Commits what it hands out, before anybody has handled it. */
export const acksAtFetch: Break = onFetch((deliveries, source) => {
  const last = new Map(deliveries.map((delivery) => [delivery.lane, delivery]));
  void source.ack([...last.values()]).catch(() => {});
  return deliveries;
});
