import { CrashError } from "../core/errors.ts";
import { FRAME_MARK, MARK_DONE } from "../ring/frame.ts";
import { readData } from "../ring/frame_event.ts";
import { HEADER_STATE, NODE_SEALED, STATE_CLOSED } from "../ring/layout.ts";
import {
  crashesOf,
  finishForWriter,
  finishFrame,
  releaseDone,
  retryFrame,
  takeOverFromReader,
  unheardNotes,
} from "../ring/recovery.ts";
import { HOME, type Mesh } from "./mesh.ts";
import { reviveError } from "./notes.ts";
import { reportDrops } from "./report_drops.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { ForeignEvents } from "./foreign_events.ts";
import type { HomeBooks } from "./home_books.ts";
import type { Note, Notes } from "./notes.ts";

/** Settles what threads leave behind that are gone, do not start or do not stop. */
export class DeadThreads {
  readonly #mesh: Mesh;
  readonly #core: BusCore;
  readonly #events: ForeignEvents;
  readonly #notes: Notes;
  readonly #books: HomeBooks;
  readonly #maxCrashes: number;
  /** Threads in whose place no other comes, and why what is sent to them is dropped. */
  readonly #ended = new Map<number, DropReport["reason"]>();

  /** `maxCrashes` threads may die of one event. */
  constructor(
    mesh: Mesh,
    core: BusCore,
    events: ForeignEvents,
    notes: Notes,
    books: HomeBooks,
    maxCrashes: number,
  ) {
    this.#mesh = mesh;
    this.#core = core;
    this.#events = events;
    this.#notes = notes;
    this.#books = books;
    this.#maxCrashes = maxCrashes;
  }

  /**
   * Brings the rings of a dead thread in order, before the next one gets them. `known` is what the
   * runtime says that it died of; gives what it died of, if anything is known.
   */
  recover(node: number, known: unknown): unknown {
    const { cells, layout } = this.#mesh;
    const events = this.#events;
    const core = this.#core;
    for (let to = 0; to <= layout.threads; to++) {
      finishForWriter(cells, layout.ring(node, to));
      if (to !== HOME) this.#mesh.wake(to);
    }
    const fault = this.#takeFault(node);
    const cause = known ?? fault;
    let isTold = false;
    for (let from = 0; from <= layout.threads; from++) {
      const place = layout.ring(from, node);
      const { started } = takeOverFromReader(cells, place);
      for (const word of started) {
        const event = events.name(from, word);
        const crashes = crashesOf(cells, word) + 1;
        events.fail(new CrashError(event, crashes, cause), event, event.type);
        isTold = true;
        if (crashes < this.#maxCrashes && !this.#isClosing()) retryFrame(cells, word);
        else {
          finishFrame(cells, place, word);
          const { ledger } = core;
          ledger.processed--;
          ledger.dropped++;
          ledger.inDoubt++;
          core.reportDrop({ reason: "in-doubt", count: 1, type: event.type, event });
        }
      }
    }
    cells.store(layout.node(node) + NODE_SEALED, 0);
    if (this.#isClosing()) {
      this.#end(node, "closed");
    } else if (cause !== undefined && !isTold) {
      events.failThread(cause, node - 1);
    }
    return cause;
  }

  /** Drops what waits for a thread that will not be started again. */
  giveUp(node: number): void {
    this.#notes.exclude(node);
    this.#end(node, "thread-failed");
  }

  /** Drops what has come since for threads that have ended: others may not know of it. */
  discardLate(): void {
    for (const [node, reason] of this.#ended) this.#discardInbox(node, reason);
  }

  /** Tells what a thread holds that does not stop: its rings are never given away. */
  leaveStuck(node: number): void {
    this.#notes.exclude(node);
    this.#books.silent.add(node);
    const { cells, layout } = this.#mesh;
    const types: string[] = [];
    for (let from = 0; from <= layout.threads; from++) {
      // The thread may be finishing them.
      const { ready, started } = takeOverFromReader(cells, layout.ring(from, node));
      for (const word of [...started, ...ready]) types.push(this.#events.typeOf(from, word));
    }
    reportDrops(this.#core, types, "thread-stuck");
    // It may have sent something since home last looked, and no turn may follow.
    this.discardLate();
  }

  /** What the thread has said that it dies of, if home has not read that yet. */
  #takeFault(node: number): Error | undefined {
    const { cells, layout } = this.#mesh;
    for (const word of unheardNotes(cells, layout.ring(node, HOME))) {
      const note = readData(cells, word) as Note;
      if (note[0] !== "fault") continue;
      // The next thread is not to be blamed for it.
      cells.set(word + FRAME_MARK, MARK_DONE);
      return reviveError(note[1]);
    }
  }

  /** Drops what waits for a thread in rings that nobody reads any more. */
  #discardInbox(node: number, reason: DropReport["reason"]): void {
    const { cells, layout } = this.#mesh;
    const core = this.#core;
    const { ledger } = core;
    for (let from = 0; from <= layout.threads; from++) {
      const place = layout.ring(from, node);
      const types: string[] = [];
      for (const word of takeOverFromReader(cells, place).ready) {
        types.push(this.#events.typeOf(from, word));
        finishFrame(cells, place, word);
        ledger.processed--;
        ledger.dropped++;
        if (reason === "closed") core.discarded++;
      }
      releaseDone(cells, place);
      reportDrops(core, types, reason);
    }
  }

  #end(node: number, reason: DropReport["reason"]): void {
    this.#books.silent.add(node);
    this.#ended.set(node, reason);
    this.discardLate();
  }

  /** Whether no thread is started any more. */
  #isClosing(): boolean {
    return this.#mesh.cells.load(HEADER_STATE) === STATE_CLOSED;
  }
}
