import { FLAG_EVENT, FLAG_FAILURE, FLAG_KIND, FLAG_NOTE, FRAME_FLAGS } from "../ring/frame.ts";
import { readData, readExtras } from "../ring/frame_event.ts";
import { type FailureReport, type Note, reviveError } from "./notes.ts";
import { dropClosed } from "./report_drops.ts";
import type { RingReader } from "../ring/ring_reader.ts";
import type { BusEvent } from "../core/event.ts";
import type { ForeignEvents } from "./foreign_events.ts";
import type { HomeQueue } from "./home_queue.ts";
import type { Mesh } from "./mesh.ts";

/** Frames of one ring that are moved before the event loop has a turn. */
const BURST = 256;

/** Milliseconds until the full queue is asked again, as it gives no sign of life. */
const RETRY = 1;

/** Moves what other threads send into the queue of the thread that made the bus. */
export class HomeInbox {
  readonly #mesh: Mesh;
  readonly #queue: HomeQueue;
  readonly #events: ForeignEvents;
  readonly #hold: () => void;
  readonly #hear: (from: number, note: Note) => void;
  readonly #schedule: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** By node, the events of a batch that has failed there, as far as they have come. */
  readonly #parts: BusEvent[][] = [];
  /** Types of the events that have come after the bus was closed, and are not reported yet. */
  #late: string[] = [];
  /** The node whose ring was last. */
  #lastRing = 0;

  /**
   * `hold` is called when a delivery is about to be open, `hear` with what a thread tells, and
   * `schedule` when `move` should be.
   */
  constructor(
    mesh: Mesh,
    queue: HomeQueue,
    events: ForeignEvents,
    hold: () => void,
    hear: (from: number, note: Note) => void,
    schedule: () => void,
  ) {
    this.#mesh = mesh;
    this.#queue = queue;
    this.#events = events;
    this.#hold = hold;
    this.#hear = hear;
    this.#schedule = schedule;
  }

  /** Whether a frame waits that can be moved. */
  hasNext(): boolean {
    return !this.#queue.isFull && this.#mesh.hasNext();
  }

  /** Moves a burst of each ring; says whether there is more that can be moved. */
  move(): boolean {
    const { readers, layout } = this.#mesh;
    let isBusy = false;
    for (let rings = layout.threads; rings > 0; rings--) {
      const from = this.#lastRing = this.#lastRing % layout.threads + 1;
      const reader = readers[from]!;
      if (this.#moveRing(from, reader)) isBusy = true;
      if (reader.release()) this.#mesh.offerRoom(from);
      // Who comes next time is not the one that has filled the queue.
      if (this.#queue.isFull) break;
    }
    if (this.#late.length > 0) this.#dropLate();
    this.watchRoom();
    return isBusy && !this.#queue.isFull;
  }

  /** Moves all that has come; a thread that does not stop may go on sending, for nobody. */
  end(): void {
    for (const reader of this.#mesh.readers) reader?.seal();
    while (this.move());
  }

  /** Looks at a full queue again soon: whoever waits for room in it is woken by nobody else. */
  watchRoom(): void {
    if (!this.#queue.isFull) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#schedule, RETRY);
  }

  #moveRing(from: number, reader: RingReader): boolean {
    const { cells } = this.#mesh;
    for (let moved = 0; moved < BURST; moved++) {
      if (this.#queue.isFull) return true;
      const word = reader.peek();
      if (word < 0) return false;
      reader.take(word);
      const kind = cells.get(word + FRAME_FLAGS) & FLAG_KIND;
      if (kind === FLAG_NOTE) this.#hear(from, readData(cells, word) as Note);
      else if (kind === FLAG_FAILURE) this.#hearFailure(from, word);
      else this.#moveEvent(from, word);
      reader.finish(word, kind === FLAG_EVENT);
    }
    return true;
  }

  #moveEvent(from: number, word: number): void {
    const { core } = this.#queue;
    const { ledger, registry } = core;
    const event = core.state === "closed" ? undefined : this.#events.read(from, word);
    // Asked again, as the codec may have closed the bus.
    if (core.state === "closed") this.#late.push(this.#events.typeOf(from, word));
    else if (event === undefined) ledger.processed++;
    else {
      // The ring has counted it; from here on the queue does.
      ledger.emitted--;
      this.#hold();
      this.#queue.deliver(registry.current(event.type), event);
    }
  }

  /** Drops what no handler is left for, as `close` has ended all subscriptions. */
  #dropLate(): void {
    const { core } = this.#queue;
    const types = this.#late;
    this.#late = [];
    core.discarded += types.length;
    dropClosed(core, types);
  }

  #hearFailure(from: number, word: number): void {
    const { report } = readExtras(this.#mesh.cells, word);
    const event = this.#events.name(from, word);
    const parts = this.#parts[from] ??= [];
    if (report === undefined) return void parts.push(event);
    const [pattern, error, count, stage] = JSON.parse(report) as FailureReport;
    const reason = reviveError(error);
    if (count === undefined) return this.#events.fail(reason, event, pattern!);
    // A thread may have died before, while it told of another one.
    const events = parts.slice(parts.length - count);
    parts.length = 0;
    this.#events.failBatch(reason, events, pattern, stage);
  }
}
