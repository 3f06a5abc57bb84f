import { isThenable } from "../options/thenable.ts";
import { refuse } from "../options/refusal.ts";
import { typeOf } from "./batch_handlers.ts";
import { keyOf } from "./key_of.ts";
import { KeyedBacklog } from "./keyed_backlog.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusEvent } from "../core/event.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Registration } from "../core/registration.ts";
import type { Registry } from "../core/registry.ts";
import type { Resolution } from "../core/resolution.ts";
import type { Share } from "./batch_handlers.ts";
import type { FlowContext } from "./flow_context.ts";

const NONE: readonly never[] = [];

/** An event with handlers that returned promises. */
interface OpenEvent {
  event: BusEvent;
  key: string | undefined;
  /** One for the batch that still calls handlers, one for each promise. */
  promises: number;
}

/**
 * The batch of a shard that is under way: through the stages, to the handlers, until the last
 * promise has settled. A shard has one, and uses it for one batch after the other.
 *
 * Each event is a delivery. What a stage takes out is processed, what it adds is emitted by it.
 */
export class FlowBatch {
  #context: FlowContext;
  #core: BusCore;
  #ledger: Ledger;
  #registry: Registry;
  #onEnd: () => void;
  #backlog = new KeyedBacklog();
  /** How many events the stages have left of it; not known of a batch without stages. */
  #size = 0;
  /** How many events the stages have added to it. */
  added = 0;
  /** One for the call that is under way, one for each stage, event or handler with a promise. */
  #open = 0;
  /** Whether no event settles before the batch does, as handlers of batches get some of them. */
  #isWhole = false;
  /** Whether the bus was closed before a whole batch had come to all handlers. */
  #isCut = false;
  /** The events of a whole batch. */
  #events: readonly BusEvent[] = NONE;

  constructor(context: FlowContext, onEnd: () => void) {
    this.#context = context;
    this.#core = context.core;
    this.#ledger = context.core.ledger;
    this.#registry = context.core.registry;
    this.#onEnd = onEnd;
  }

  /** Whether there is one. */
  get isUnderWay(): boolean {
    return this.#open > 0;
  }

  /** Begins a batch. Its end is announced after `leave`, unless something is open then. */
  enter(): void {
    this.#open++;
  }

  /** Ends the batch, if nothing of it is open any more. */
  leave(): void {
    if (--this.#open > 0) return;
    if (this.#isWhole) this.#settleWhole();
    this.#onEnd();
  }

  /** Takes the events through the stages, beginning with the one at `first`, to the handlers. */
  process(events: BusEvent[], first = 0): void {
    const { stages } = this.#context.settings;
    if (first === 0) {
      this.#size = events.length;
      this.added = 0;
    }
    for (let i = first; i < stages.length && this.#size > 0; i++) {
      if (this.#context.isCut) break;
      const stage = stages[i];
      try {
        this.#context.isHandling = true;
        const result = stage(events);
        if (result !== undefined && isThenable(result)) {
          this.#processLater(result, events, i);
          return;
        }
        events = this.#take(result, events);
      } catch (error) {
        this.#failStage(error, i, events);
        return;
      } finally {
        this.#context.isHandling = false;
      }
    }
    this.#deliver(events);
  }

  /** Hands an event to its handlers, or keeps it until its key is free. */
  handle(resolution: Resolution, event: BusEvent): void {
    if (this.#backlog.active) {
      const key = keyOf(event);
      if (key !== undefined && this.#backlog.hold(key, resolution, event)) {
        this.#open++;
        return;
      }
    }
    this.#call(resolution, event);
  }

  /** Gives up the events that wait for their key; returns the types of those to be dropped now. */
  discard(): string[] {
    const types: string[] = [];
    while (this.#backlog.size > 0) {
      const { type } = this.#backlog.shiftOldest().resolution;
      this.#open--;
      if (this.#isWhole) this.#isCut = true;
      else types.push(type);
    }
    return types;
  }

  async #processLater(
    result: PromiseLike<BusEvent[] | void>,
    given: BusEvent[],
    stage: number,
  ): Promise<void> {
    this.#open++;
    let events: BusEvent[] | undefined;
    try {
      events = this.#take(await result, given);
    } catch (error) {
      this.#failStage(error, stage, given);
    }
    if (events !== undefined) this.process(events, stage + 1);
    this.leave();
  }

  /** What a stage has made of the events. */
  #take(result: BusEvent[] | void, given: BusEvent[]): BusEvent[] {
    const events = result === undefined ? given : result as BusEvent[];
    if (!Array.isArray(events)) {
      refuse("go on", "the result of a stage", "an array of events or undefined", result);
    }
    const change = events.length - this.#size;
    if (change > 0) {
      this.#ledger.emitted += change;
      this.added += change;
    } else this.#ledger.processed -= change;
    this.#size = events.length;
    return events;
  }

  #failStage(error: unknown, stage: number, events: readonly BusEvent[]): void {
    this.#context.failStage(error, stage, events, this.#size);
    this.#ledger.processed += this.#size;
  }

  #deliver(events: readonly BusEvent[]): void {
    const { batchHandlers } = this.#context;
    const shares = batchHandlers.size > 0 ? batchHandlers.share(events) : NONE;
    this.#isWhole = shares.length > 0;
    if (this.#isWhole) this.#events = events;
    this.#context.isHandling = true;
    for (let i = 0; i < this.#size; i++) {
      if (this.#context.isCut) {
        if (this.#isWhole) this.#isCut = true;
        else this.#context.discardLate(events.slice(i, this.#size));
        break;
      }
      const event = events[i];
      const type = typeOf(event);
      if (type === undefined) this.#refuse(event);
      else if (this.#registry.live.size === 0) this.#settleEvent();
      else this.handle(this.#registry.current(type), event);
    }
    for (const share of shares) {
      if (batchHandlers.has(share.registration)) this.#callWithBatch(share);
      else if (this.#context.isCut) this.#isCut = true;
    }
    this.#context.isHandling = false;
  }

  /** A stage has left something that is no event. */
  #refuse(event: BusEvent): void {
    this.#context.failResult(event);
    this.#settleEvent();
  }

  /** Calls the handlers of an event; says whether a promise of one of them is pending. */
  #call(resolution: Resolution, event: BusEvent, dueKey?: string): boolean {
    if (resolution.version !== this.#registry.version) {
      resolution = this.#registry.current(resolution.type);
    }
    const { sole, registrations } = resolution;
    if (sole === undefined) return this.#callMany(resolution, event, dueKey);
    try {
      const result = sole(event);
      if (result !== undefined && isThenable(result)) {
        const open = this.#begin(event, dueKey);
        this.#follow(result, open, registrations[0]);
        this.#leaveEvent(open);
        return true;
      }
    } catch (error) {
      this.#core.fail(error, event, registrations[0]);
    }
    this.#settleEvent();
    return false;
  }

  #callMany({ first }: Resolution, event: BusEvent, dueKey?: string): boolean {
    let open: OpenEvent | undefined;
    for (let link = first; link !== undefined; link = link.next) {
      const { handler, registration } = link;
      try {
        const result = handler(event);
        if (result !== undefined && isThenable(result)) {
          open ??= this.#begin(event, dueKey);
          this.#follow(result, open, registration);
        }
      } catch (error) {
        this.#core.fail(error, event, registration);
      }
    }
    if (open === undefined) this.#settleEvent();
    else this.#leaveEvent(open);
    return open !== undefined;
  }

  /** The key is given where it is known, as the event may have been changed while it waited. */
  #begin(event: BusEvent, key = keyOf(event)): OpenEvent {
    this.#open++;
    if (key !== undefined) this.#backlog.begin(key);
    return { event, key, promises: 1 };
  }

  async #follow(
    result: PromiseLike<unknown>,
    open: OpenEvent,
    registration: Registration,
  ): Promise<void> {
    open.promises++;
    try {
      await result;
    } catch (error) {
      this.#core.fail(error, open.event, registration);
    }
    this.#leaveEvent(open);
  }

  #leaveEvent(open: OpenEvent): void {
    if (--open.promises > 0) return;
    this.#settleEvent();
    if (open.key !== undefined) this.#release(open.key);
    this.leave();
  }

  /** Handles the events that waited for a key. */
  #release(key: string): void {
    const backlog = this.#backlog;
    backlog.end(key);
    this.#context.isHandling = true;
    while (backlog.hasDue) {
      const due = backlog.shiftDue();
      if (!this.#call(due.resolution, due.event, due.key)) backlog.end(due.key);
      this.#open--;
    }
    this.#context.isHandling = false;
  }

  #settleEvent(): void {
    if (!this.#isWhole) this.#ledger.processed++;
  }

  #callWithBatch(share: Share): void {
    const { handler } = share.registration;
    try {
      const result = handler(share.events as never);
      if (result !== undefined && isThenable(result)) this.#followBatch(result, share);
    } catch (error) {
      this.#context.failShare(error, share);
    }
  }

  async #followBatch(result: PromiseLike<unknown>, share: Share): Promise<void> {
    this.#open++;
    try {
      await result;
    } catch (error) {
      this.#context.failShare(error, share);
    }
    this.leave();
  }

  #settleWhole(): void {
    if (this.#isCut) this.#context.discardLate(this.#events);
    else this.#ledger.processed += this.#size;
    this.#events = NONE;
    this.#isWhole = this.#isCut = false;
  }
}
