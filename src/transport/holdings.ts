import { newCounters } from "./counters.ts";
import { LaneBook } from "./lane_book.ts";
import type { Delivery, Lane, Requeue, Source, Traits } from "./port.ts";
import { Settler } from "./settler.ts";
import { type Slot, SlotList } from "./slot.ts";

/** What a consumption has in its hands, and the way back to the broker. */
export class Holdings {
  readonly slots: SlotList = new SlotList();
  readonly counters = newCounters();
  /** Taken and not settled: what `prefetch` limits. */
  unsettled = 0;
  readonly #onSettleError: (error: unknown) => void;
  readonly #books = new Map<Lane, LaneBook>();
  #settler: Settler | undefined;
  #settle: Traits["settle"] = "none";

  constructor(onSettleError: (error: unknown) => void) {
    this.#onSettleError = onSettleError;
  }

  /** Decisions go to this source from now on. */
  attach(source: Source, settle: Traits["settle"]): void {
    this.detach();
    this.#settle = settle;
    this.#settler = new Settler(source, settle, {
      failed: (error, count) => {
        this.counters.settleErrors += count;
        this.#onSettleError(error);
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

  /** The broker need not keep it: its place is free. */
  ack(slot: Slot): void {
    this.free(slot);
    this.counters.acked++;
    const { delivery } = slot;
    if (this.#settle !== "prefix") return this.#settler!.ack(delivery);
    const commit = this.#books.get(delivery.lane)?.settle(slot);
    if (commit !== undefined) this.#settler!.ack(commit);
  }

  /** Its place is free. */
  free(slot: Slot): void {
    if (slot.settled) return;
    slot.settled = true;
    this.unsettled--;
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

  /** Has the broker deliver it again. */
  requeue(item: Requeue): void {
    this.#settler!.requeue(item);
  }

  /** Slots of a lane that its position has not passed, settled ones behind an unsettled one included. */
  backlogOf(lane: Lane): number {
    return this.#books.get(lane)?.size ?? 0;
  }

  /** Forgets the position of a lane that is somebody else's. */
  forget(lane: Lane): void {
    this.#books.delete(lane);
  }

  /** Deliveries whose lease must be prolonged. */
  held(): Delivery[] {
    return this.slots.where((slot) => !slot.settled).map((slot) => slot.delivery);
  }

  flush(): Promise<void> {
    return this.#settler?.flush() ?? Promise.resolve();
  }
}
