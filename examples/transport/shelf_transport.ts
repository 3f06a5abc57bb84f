/**
 * A transport in a hundred lines: a source, a sink and the traits that say what they can. There is no
 * loop, no retry, no window and no timer in it: the engine has them.
 *
 * @module
 */

import type {
  Delivery,
  Host,
  Lane,
  Requeue,
  SendItem,
  Sink,
  Source,
  SourceSpec,
  Traits,
  Transport,
} from "@beat/beat/transport";
import type { Shelf, Ticket, Tickets } from "./shelf.ts";

/** Connects to a shelf. A delivery is ours for `lease` milliseconds, and then somebody else's. */
export function shelfTransport(shelf: Shelf, lease = 30_000): Transport {
  const sources = new Set<ShelfSource>();
  const traits: Traits = {
    settle: "each", // acked one by one
    requeue: "broker", // the shelf waits out a nack
    lease,
    counts: true, // and knows how often it gave something out
    retained: true, // what was published before can be read
    groups: true,
    keyOrder: "member", // tickets lie in order, but two members take them at once
  };
  return {
    name: "shelf",
    traits,
    // deno-lint-ignore require-await -- it is one that rejects, not one that throws
    async source(spec: SourceSpec, _host: Host): Promise<Source> {
      const source = new ShelfSource(shelf, spec, lease);
      sources.add(source);
      return source;
    },
    sink: (): Sink => new ShelfSink(shelf),
    async close(): Promise<void> {
      for (const source of sources) await source.close();
    },
  };
}

/** What the shelf gave out: the token tells this time from those before and after. */
interface Token {
  readonly ticket: Ticket;
  readonly count: number;
}

class ShelfSource implements Source {
  readonly #tickets: Tickets;
  readonly #lease: number;
  readonly #lane: Lane = { name: "", fenced: false };
  readonly #leave: () => void;
  readonly #closed = new AbortController();

  constructor(shelf: Shelf, { topic: name, group, from }: SourceSpec, lease: number) {
    const topic = shelf.topic(name);
    // A reader is a group that nobody else can name, and that is forgotten.
    const member = group ?? Symbol("reader");
    const since = from === "earliest" ? -Infinity : from === "latest" ? Infinity : from.getTime();
    this.#tickets = topic.group(member, since);
    this.#leave = () => group === undefined && topic.forget(member);
    this.#lease = lease;
  }

  async fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    // All tickets are of the one lane.
    const take = () => paused(this.#lane) ? [] : this.#tickets.take(room, this.#lease);
    let taken = take();
    if (taken.length === 0) {
      await this.#tickets.wait(stop);
      if (stop.aborted) return [];
      taken = take();
    }
    return taken.map((ticket) => ({
      rec: ticket.rec,
      token: { ticket, count: ticket.count } satisfies Token,
      lane: this.#lane,
      count: ticket.count,
    }));
  }

  // deno-lint-ignore require-await
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const { token } of deliveries) this.#tickets.tear((token as Token).ticket);
  }

  // deno-lint-ignore require-await
  async requeue(items: readonly Requeue[]): Promise<void> {
    for (const { delivery, delay, unstarted } of items) {
      if (!this.#isOurs(delivery)) continue;
      const { ticket } = delivery.token as Token;
      ticket.dueAt = performance.now() + delay;
      if (unstarted) ticket.count--;
    }
    this.#tickets.wake();
  }

  // deno-lint-ignore require-await
  async extend(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    for (const delivery of deliveries) {
      if (!this.#isOurs(delivery)) continue;
      (delivery.token as Token).ticket.dueAt = performance.now() + this.#lease;
    }
    return deliveries.filter((delivery) => !this.#isOurs(delivery));
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed.abort();
    this.#leave();
  }

  #isOurs({ token }: Delivery): boolean {
    const { ticket, count } = token as Token;
    return ticket.count === count && this.#tickets.has(ticket);
  }
}

class ShelfSink implements Sink {
  readonly limits = { batch: 1_000, bytes: 1_048_576, lanes: 16 };
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** One `send` per topic at a time: that keeps the order. */
  lane(topic: string): string {
    return topic;
  }

  // deno-lint-ignore require-await
  async send(lane: string, items: readonly SendItem[]): Promise<readonly undefined[]> {
    const topic = this.#shelf.topic(lane);
    // The publisher may use its buffer again: the shelf keeps a copy of the bytes.
    for (const { rec } of items) topic.add({ ...rec, payload: rec.payload.slice() });
    return items.map(() => undefined);
  }

  async close(): Promise<void> {}
}
