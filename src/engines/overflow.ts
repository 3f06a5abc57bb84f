import { QueueFullError } from "../core/errors.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { AsyncOptions } from "./async_options.ts";

/** An event in a queue. */
export interface Queued {
  resolution: Resolution;
  event: BusEvent;
}

/** A queue that may be full. */
export interface BoundedQueue {
  /** Whether there is no room for an event. */
  readonly isFull: boolean;
  /** Appends an event. */
  push(resolution: Resolution, event: BusEvent): void;
  /** Takes out the event that has waited longest; there must be one. */
  takeOldest(): Queued;
  /** Handles some of what waits, here and now; says whether that was possible. */
  makeRoom(): boolean;
}

/** What a full queue does, and when it is full. */
export type OverflowSettings = Required<Pick<AsyncOptions, "overflow" | "capacity">>;

/** Does what the option `overflow` says with events that find a queue full. */
export class Overflow {
  #core: BusCore;
  #settings: OverflowSettings;

  constructor(core: BusCore, settings: OverflowSettings) {
    this.#core = core;
    this.#settings = settings;
  }

  /**
   * Delivers an event to a queue that is full.
   *
   * @throws {QueueFullError} If no room can be made.
   */
  deliver(queue: BoundedQueue, resolution: Resolution, event: BusEvent): void {
    const { ledger } = this.#core;
    const { overflow } = this.#settings;
    if (overflow === "drop-newest") {
      ledger.emitted++;
      dropFor(this.#core, resolution.type, event);
    } else if (overflow === "drop-oldest") {
      const oldest = queue.takeOldest();
      // First, as `onDrop` may emit or close.
      queue.push(resolution, event);
      dropFor(this.#core, oldest.resolution.type, oldest.event);
    } else queue.push(this.#makeRoom(queue, resolution.type), event);
  }

  /**
   * Makes room for an event that is to be delivered next, unless events are dropped. Gives its
   * resolution, anew if handlers have run.
   *
   * @throws {QueueFullError} If there is none.
   */
  prepare(queue: BoundedQueue, resolution: Resolution): Resolution {
    if (!queue.isFull || this.#settings.overflow.startsWith("drop")) return resolution;
    return this.#makeRoom(queue, resolution.type);
  }

  /**
   * Makes room in a queue for an event. Gives its resolution anew, as handlers have run: one may
   * have closed the bus, or ended a subscription.
   */
  #makeRoom(queue: BoundedQueue, type: string): Resolution {
    const { overflow, capacity } = this.#settings;
    let reason = "the queue is full";
    if (overflow === "block") {
      const isInHandler = this.#core.engine.isInHandler();
      while (!isInHandler && queue.isFull && queue.makeRoom());
      reason += isInHandler ? " and a handler must not wait for it" : " and waits for promises";
    }
    if (queue.isFull) throw new QueueFullError(type, capacity, reason);
    return this.#core.registry.resolve(type);
  }
}

/** Counts and reports an event for which there was no room. */
export function dropFor(core: BusCore, type: string, event: BusEvent): void {
  core.ledger.dropped++;
  core.reportDrop({ reason: "overflow", count: 1, type, event });
}
