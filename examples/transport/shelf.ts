/**
 * A broker as small as one can be: what is published lies on a shelf, one ticket for each group, and
 * a ticket that is taken comes back unless it is torn up in time. A real one is somewhere else.
 *
 * @module
 */

import type { Rec } from "@beat/beat/message";

/** The right of a group to a record. */
export interface Ticket {
  readonly rec: Rec;
  /** How often it was taken. */
  count: number;
  /** When it may be taken next, by `performance.now()`: clocks that are set do no harm. */
  dueAt: number;
}

/** The tickets of one group, in the order of publishing. */
export class Tickets {
  readonly #open = new Set<Ticket>();
  readonly #waiting = new Set<() => void>();

  add(rec: Rec): void {
    this.#open.add({ rec, count: 0, dueAt: 0 });
    this.wake();
  }

  /** Takes at most `room` tickets for `lease` milliseconds. */
  take(room: number, lease: number): Ticket[] {
    const now = performance.now();
    const taken: Ticket[] = [];
    for (const ticket of this.#open) {
      if (taken.length === room) break;
      if (ticket.dueAt > now) continue;
      ticket.count++;
      ticket.dueAt = now + lease;
      taken.push(ticket);
    }
    return taken;
  }

  has(ticket: Ticket): boolean {
    return this.#open.has(ticket);
  }

  tear(ticket: Ticket): void {
    this.#open.delete(ticket);
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when there may be something to take, or when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    let next = Infinity;
    for (const { dueAt } of this.#open) next = Math.min(next, dueAt);
    const timer = setTimeout(wake, Math.min(1_000, Math.max(1, next - performance.now())));
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}

/** What was published to one topic, and who reads it. */
export class Topic {
  readonly #recs: { rec: Rec; at: number }[] = [];
  readonly #groups = new Map<string | symbol, Tickets>();

  add(rec: Rec): void {
    this.#recs.push({ rec, at: Date.now() });
    for (const tickets of this.#groups.values()) tickets.add(rec);
  }

  /** The tickets of a group; one that is new begins with what was published at `since` or later. */
  group(name: string | symbol, since: number): Tickets {
    let tickets = this.#groups.get(name);
    if (tickets === undefined) {
      tickets = new Tickets();
      for (const { rec, at } of this.#recs) if (at >= since) tickets.add(rec);
      this.#groups.set(name, tickets);
    }
    return tickets;
  }

  forget(name: string | symbol): void {
    this.#groups.delete(name);
  }
}

/** All topics. */
export class Shelf {
  readonly #topics = new Map<string, Topic>();

  topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) this.#topics.set(name, topic = new Topic());
    return topic;
  }
}
