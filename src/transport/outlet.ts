import { Fifo } from "../core/fifo.ts";
import type { CloseOptions } from "../message/contracts.ts";
import type { Rec } from "../message/rec.ts";
import { OutletCall, OutletItem } from "./outlet_call.ts";
import { OutletLane } from "./outlet_lane.ts";
import type { SendFailure, Sink } from "./port.ts";
import { Shutdown } from "./shutdown.ts";

/** What an outlet has beside its sink. */
export interface OutletOptions {
  /** Records that are accepted and not settled at most. */
  capacity: number;
  /** What to end after the sink. */
  ends?: readonly (() => Promise<void>)[];
}

/** Lanes without work that are remembered: a sink may have one per key. */
const IDLE_LANES = 1_024;

/**
 * The publishing side of the port: keeps order by one `send` per lane at a time, fills the next with
 * what came meanwhile, and tells each caller what became of its records.
 *
 * A call that does not fit into the queue waits, and those after it wait behind it; one that is larger
 * than the queue goes when the queue is empty.
 */
export class Outlet {
  readonly #sink: Sink;
  readonly #capacity: number;
  readonly #shutdown: Shutdown;
  readonly #lanes = new Map<string, OutletLane>();
  readonly #ready = new Fifo<OutletLane>();
  readonly #waiting = new Set<OutletCall>();
  /** Items that are queued or sent. */
  #taken = 0;
  #sending = 0;
  #pumping = false;

  constructor(sink: Sink, { capacity, ends = [] }: OutletOptions) {
    this.#sink = sink;
    this.#capacity = capacity;
    this.#shutdown = new Shutdown({
      name: "publisher",
      remaining: () => this.#remaining(),
      abandon: (cause) => this.#abandon(cause),
      ends: [() => sink.close(), ...ends],
    });
  }

  /** @throws {ClosedError} If it is closed. */
  refuseIfClosed(): void {
    this.#shutdown.refuse("publish");
  }

  /**
   * Resolves when the broker has confirmed every record, of which there is at least one. `identities`
   * say how each publishing is identified, where that is not by topic and id.
   *
   * @throws {PublishError} Naming those that were not confirmed.
   */
  publish(
    topic: string,
    recs: readonly Rec[],
    signal?: AbortSignal,
    identities?: readonly string[],
  ): Promise<void> {
    const call = new OutletCall(topic, identities);
    for (let index = 0; index < recs.length; index++) {
      const rec = recs[index]!;
      call.items.push(new OutletItem(rec, call, index, this.#sink.lane(topic, rec)));
    }
    if (signal !== undefined) {
      const abort = () => this.#abort(call, signal.reason);
      signal.addEventListener("abort", abort);
      call.onSettled = () => signal.removeEventListener("abort", abort);
    }
    if (this.#waiting.size === 0 && this.#fits(call)) this.#accept(call);
    else this.#waiting.add(call);
    this.#pump();
    return call.promise;
  }

  /** Refuses what comes, and resolves when what was accepted is settled. */
  close(options?: CloseOptions): Promise<void> {
    return this.#shutdown.close(options);
  }

  #fits(call: OutletCall): boolean {
    return this.#taken === 0 || this.#taken + call.items.length <= this.#capacity;
  }

  #accept({ items }: OutletCall): void {
    this.#taken += items.length;
    for (const item of items) {
      let lane = this.#lanes.get(item.lane);
      if (lane === undefined) this.#lanes.set(item.lane, lane = new OutletLane(item.lane));
      lane.push(item);
      if (!lane.busy) this.#queue(lane);
    }
  }

  #queue(lane: OutletLane): void {
    lane.busy = true;
    this.#ready.push(lane);
  }

  /** Starts what can be started. A sink that publishes or throws while it is called comes back here: once is enough. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#sending < this.#sink.limits.lanes) {
      const lane = this.#ready.shift();
      if (lane === undefined) break;
      this.#send(lane);
    }
    this.#pumping = false;
  }

  async #send(lane: OutletLane): Promise<void> {
    this.#sending++;
    // Who waited for the batch before goes on now, one after the other: what they publish goes together.
    if (lane.hasSent) await undefined;
    const batch = this.#take(lane);
    if (batch.length > 0) {
      lane.sent = batch;
      lane.hasSent = true;
      try {
        settle(batch, await this.#sink.send(lane.name, batch));
      } catch (cause) {
        fail(batch, { cause, outcome: "unknown" });
      }
      lane.sent = [];
      this.#taken -= batch.length;
    }
    this.#sending--;
    if (lane.first !== undefined) this.#queue(lane);
    else this.#rest(lane);
    this.#admit();
  }

  /** Takes the next items of a lane, without those whose key has failed in their call. */
  #take(lane: OutletLane): OutletItem[] {
    const { batch: most, bytes } = this.#sink.limits;
    const batch: OutletItem[] = [];
    let size = 0;
    for (let item = lane.first; item !== undefined && batch.length < most; item = lane.first) {
      const refusal = item.call.refusal(item);
      if (refusal === undefined) {
        size += sizeOf(item.rec);
        if (size > bytes && batch.length > 0) break;
        item.state = "sent";
        batch.push(item);
        lane.remove(item);
      } else {
        this.#drop(lane, item, refusal);
      }
    }
    return batch;
  }

  #rest(lane: OutletLane): void {
    lane.busy = false;
    if (this.#lanes.size > IDLE_LANES) this.#lanes.delete(lane.name);
  }

  /** Gives freed room to those who wait, in their order. */
  #admit(): void {
    for (const call of this.#waiting) {
      if (!this.#fits(call)) break;
      this.#waiting.delete(call);
      this.#accept(call);
    }
    this.#pump();
    this.#shutdown.progress();
  }

  #abort(call: OutletCall, cause: unknown): void {
    this.#waiting.delete(call);
    for (const item of call.items) {
      if (item.state === "queued") {
        this.#drop(this.#lanes.get(item.lane)!, item, { cause, outcome: "not-attempted" });
      } else {
        call.settle(item, { cause, outcome: item.state === "sent" ? "unknown" : "not-attempted" });
      }
    }
    this.#admit();
  }

  /** Takes an item out of its queue. */
  #drop(lane: OutletLane, item: OutletItem, failure: SendFailure): void {
    lane.remove(item);
    this.#taken--;
    item.call.settle(item, failure);
  }

  #remaining(): number {
    let remaining = this.#taken;
    for (const { items } of this.#waiting) remaining += items.length;
    return remaining;
  }

  #abandon(cause: unknown): void {
    const failure = { cause, outcome: "not-attempted" } as const;
    for (const { items } of this.#waiting) fail(items, failure);
    this.#waiting.clear();
    for (const lane of this.#lanes.values()) {
      fail(lane.sent, { cause, outcome: "unknown" });
      for (let item = lane.first; item !== undefined; item = lane.first) {
        this.#drop(lane, item, failure);
      }
    }
  }
}

function settle(
  batch: readonly OutletItem[],
  results: readonly (SendFailure | undefined)[],
): void {
  if (results.length !== batch.length) {
    throw new TypeError(
      `Cannot tell what was stored as a sink must give one result per item: ${results.length} for ${batch.length}`,
    );
  }
  for (let at = 0; at < batch.length; at++) batch[at]!.call.settle(batch[at]!, results[at]);
}

function fail(items: readonly OutletItem[], failure: SendFailure): void {
  for (const item of items) item.call.settle(item, failure);
}

/** About the bytes that a record takes on the wire. */
function sizeOf({ id, key, headers, payload }: Rec): number {
  let size = id.length + key.length + payload.length;
  for (const [name, value] of headers) size += name.length + value.length;
  return size;
}
