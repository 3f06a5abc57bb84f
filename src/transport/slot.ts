import { LeaseLostError } from "../message/errors.ts";
import { AbortScope } from "../message/abort_scope.ts";
import { loseMessage, type Message, receiveMessage } from "../message/message.ts";
import type { Origin, Reception, Settlement } from "../message/reception.ts";
import type { FirstFailure } from "./first_failures.ts";
import type { Delivery } from "./port.ts";

/**
 * Where a slot stands: it waits for a worker, a handler has it, it waits for its next attempt or for
 * its dead letter to be confirmed, or it is gone.
 */
export type Phase = "queued" | "running" | "waiting" | "gone";

/** What a slot needs to know of the consumption that it belongs to. */
export interface SlotHost {
  readonly transport: string;
  readonly topic: string;
  readonly group: string | undefined;
  /** Names the record of a delivery, for `Origin.offset`. */
  offsetOf(delivery: Delivery): string;
  /** The decision on a slot was taken, by its handler or by the engine. */
  decided(slot: Slot): void;
}

/**
 * A delivery that was taken and is not done with: what `prefetch` counts, and what a message asks for
 * its facts. Slots form lists through themselves, so that taking a delivery allocates nothing else.
 */
export class Slot implements Reception {
  readonly delivery: Delivery;
  phase: Phase = "queued";
  /** Calls of the handler here, before the current one. */
  retries = 0;
  /** When an attempt failed first, if one did. */
  firstFailure: FirstFailure | undefined;
  /** Why no handler can be called: the codec could not read it. */
  unreadable: { error: unknown } | undefined;
  /** What its handler, or the engine, decided on the current attempt. */
  decision: Settlement | undefined;
  /** Why its last attempt failed. */
  error: unknown;
  /** Milliseconds until its next attempt. */
  delay = 0;
  /** Cancels what it waits for. */
  cancel: (() => void) | undefined;
  /** Whether it is acked: its place is free, even while its handler still runs. */
  settled = false;
  /** Whether it has one call beyond its budget, alone, because the batch that it was in has failed. */
  spared = false;
  /** Whether its handler was asked to stop: what it fails with then is nobody's fault. */
  stopped = false;
  key = "";
  previousOfKey: Slot | undefined;
  nextOfKey: Slot | undefined;
  nextOfLane: Slot | undefined;
  previous: Slot | undefined;
  next: Slot | undefined;
  readonly #host: SlotHost;
  #message: Message | undefined;
  #scope: AbortScope | undefined;
  #lost: { cause: unknown } | undefined;

  constructor(delivery: Delivery, host: SlotHost) {
    this.delivery = delivery;
    this.#host = host;
  }

  get attempt(): number {
    return this.delivery.count + this.retries;
  }

  get origin(): Origin {
    const { transport, topic, group } = this.#host;
    const place = {
      transport,
      topic,
      partition: this.delivery.lane.name,
      offset: this.#host.offsetOf(this.delivery),
    };
    return group === undefined ? place : { ...place, group };
  }

  get scope(): AbortScope {
    if (this.#scope === undefined) {
      this.#scope = new AbortScope();
      if (this.#lost !== undefined) this.#scope.abort(this.#lost.cause);
    }
    return this.#scope;
  }

  get message(): Message {
    return this.#message!;
  }

  /** Whether it is done with. */
  get isGone(): boolean {
    return this.phase === "gone";
  }

  /** Whether the delivery is no longer ours. */
  get isLost(): boolean {
    return this.#lost !== undefined || this.delivery.lane.fenced;
  }

  /** Gives the slot the message of its next attempt. */
  begin(message: Message): void {
    this.#message = message;
    this.#scope = undefined;
    this.decision = undefined;
    receiveMessage(message, this);
  }

  settle(settlement: Settlement): boolean {
    if (this.isLost || this.isGone) return false;
    this.decision = settlement;
    this.#host.decided(this);
    return true;
  }

  /** Asks the handler to stop. */
  stop(reason: unknown): void {
    this.stopped = true;
    this.scope.abort(reason);
  }

  /** The delivery is somebody else's from now on. */
  lose(cause?: unknown): void {
    if (this.#lost !== undefined) return;
    const error = new LeaseLostError(this.#host.topic, cause);
    this.#lost = { cause: error };
    this.#scope?.abort(error);
    if (this.#message !== undefined) loseMessage(this.#message, error);
  }
}

/** Slots in the order in which they were taken; adding and removing take constant time. */
export class SlotList {
  #first: Slot | undefined;
  #last: Slot | undefined;
  size = 0;

  add(slot: Slot): void {
    slot.previous = this.#last;
    if (this.#last === undefined) this.#first = slot;
    else this.#last.next = slot;
    this.#last = slot;
    this.size++;
  }

  /** Removes a slot that is in the list. */
  remove(slot: Slot): void {
    const { previous, next } = slot;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    slot.previous = slot.next = undefined;
    this.size--;
  }

  /** The slots for which `holds` is true, as they are now. */
  where(holds: (slot: Slot) => boolean): Slot[] {
    const found: Slot[] = [];
    for (let slot = this.#first; slot !== undefined; slot = slot.next) {
      if (holds(slot)) found.push(slot);
    }
    return found;
  }
}
