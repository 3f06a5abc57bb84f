import { newCounters } from "./counters.ts";
import { LaneBook } from "./lane_book.ts";
import type { Delivery, Lane, Requeue, Source, Traits } from "./port.ts";
import { Settler } from "./settler.ts";
import { type Slot, SlotList } from "./slot.ts";

/** What holdings tell. */
export interface HoldingsHooks {
  /** The broker did not take decisions. */
  settleError(error: unknown): void;
  /** Some decisions need not be told any more, and those that are left are not too many. */
  relieved(): void;
}

/** Decisions that the broker has not taken, from which on nothing more is fetched. */
const LARGEST_BACKLOG = 4_096;

/** What a consumption has in its hands, and the way back to the broker. */
export class Holdings {
  readonly slots: SlotList = new SlotList();
  readonly counters = newCounters();
  /** Taken and not settled: what `prefetch` limits. */
  unsettled = 0;
  readonly #hooks: HoldingsHooks;
  readonly #books = new Map<Lane, LaneBook>();
  #settler: Settler | undefined;
  #settle: Traits["settle"] = "none";

  constructor(hooks: HoldingsHooks) {
    this.#hooks = hooks;
  }

  /** Whether the broker is so far behind with what was decided that no more should be taken. */
  get isCongested(): boolean {
    return this.#settler !== undefined && this.#settler.pending >= LARGEST_BACKLOG;
  }

  /** Decisions go to this source from now on. */
  attach(source: Source, settle: Traits["settle"]): void {
    this.detach();
    this.#settle = settle;
    this.#settler = new Settler(source, settle, {
      failed: (error, count) => {
        this.counters.settleErrors += count;
        this.#hooks.settleError(error);
      },
      advanced: () => {
        if (!this.isCongested) this.#hooks.relieved();
      },
    });
  }

  /** The source is gone: what it was not told is decided by the broker. */
  detach(): void {
    this.#settler?.stop();
    this.#books.clear();
  }

  add(slot: Slot): void {
    this.counters.received++;
    this.unsettled++;
    this.slots.add(slot);
    if (this.#settle !== "prefix") return;
    const { lane } = slot.delivery;
    let book = this.#books.get(lane);
    if (book === undefined) {
      book = new LaneBook(lane);
      this.#books.set(lane, book);
    }
    book.add(slot);
  }

  /** The broker need not keep it: its place is free. It is told unless it knows. */
  ack(slot: Slot, tells = true): void {
    if (!slot.settled) this.unsettled--;
    slot.settled = true;
    this.counters.acked++;
    const { delivery } = slot;
    if (this.#settle === "prefix") {
      const commit = this.#books.get(delivery.lane)?.advance();
      if (commit !== undefined) this.#settler!.ack(commit);
    } else if (tells) this.#settler!.ack(delivery);
  }

  /** It is done with, acked or not. */
  remove(slot: Slot): void {
    slot.phase = "gone";
    slot.cancel?.();
    this.slots.remove(slot);
    if (slot.settled) return;
    this.unsettled--;
  }

  /** Has the broker deliver again what was not worked on; where there is no way back, it is lost. */
  giveBack(delivery: Delivery): void {
    if (this.#settle === "none") {
      this.counters.lost++;
      return;
    }
    this.counters.returned++;
    this.requeue({ delivery, delay: 0, unstarted: true });
  }

  /** Gives back what came too late to be taken. */
  refuse(delivery: Delivery): void {
    this.counters.received++;
    this.giveBack(delivery);
  }

  /** Counts deliveries that were somebody else's, or nobody's, before they were taken. */
  drop(count = 1): void {
    this.counters.received += count;
    this.counters.lost += count;
  }

  /** Has the broker deliver it again. */
  requeue(item: Requeue): void {
    this.#settler?.requeue(item);
  }

  /** Slots of a lane that its position has not passed, settled ones behind an unsettled one included. */
  backlogOf(lane: Lane): number {
    return this.#books.get(lane)?.size ?? 0;
  }

  /** The slot that the position of a lane cannot pass. */
  oldestOf(lane: Lane): Slot | undefined {
    return this.#books.get(lane)?.oldest;
  }

  /** Forgets the position of a lane that is somebody else's. */
  forget(lane: Lane): void {
    this.#books.delete(lane);
  }

  /** Deliveries that are ours and whose lease must be prolonged. */
  held(): Delivery[] {
    return this.slots.where((slot) => !slot.settled && !slot.isLost).map((slot) => slot.delivery);
  }

  /** Decisions that the broker has not taken. */
  get undelivered(): number {
    return this.#settler?.pending ?? 0;
  }

  flush(): Promise<void> {
    return this.#settler?.flush() ?? Promise.resolve();
  }
}
