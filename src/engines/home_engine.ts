import { BusCore } from "../core/bus_core.ts";
import { BusClosedError, CrashError, ThreadFailedError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import { Registration } from "../core/registration.ts";
import {
  FLAG_EVENT,
  FLAG_FAILURE,
  FLAG_KIND,
  FLAG_NOTE,
  FLAG_TYPE,
  FRAME_FLAGS,
  FRAME_TOPIC,
} from "../ring/frame.ts";
import { readData, readEvent, readExtras } from "../ring/frame_event.ts";
import {
  HEADER_STATE,
  NODE_HEARTBEAT,
  NODE_SEALED,
  NODE_WANTS_ROOM,
  NODE_WATCH,
  STATE_CLOSED,
  STATE_DRAINING,
  STATE_OPEN,
} from "../ring/layout.ts";
import {
  crashesOf,
  finishForWriter,
  finishFrame,
  releaseDone,
  retryFrame,
  takeOverFromReader,
} from "../ring/recovery.ts";
import { readTopic } from "../ring/topic_table.ts";
import { AsyncEngine } from "./async_engine.ts";
import { HomeBooks } from "./home_books.ts";
import { Idle } from "./idle.ts";
import { lendData } from "./lend_data.ts";
import { createMesh, HOME, type Mesh } from "./mesh.ts";
import { type ErrorReport, type Note, Notes, reviveError } from "./notes.ts";
import { Outbox } from "./outbox.ts";
import { RoomQueue } from "./room_queue.ts";
import { Routes } from "./routes.ts";
import { Supervisor } from "./supervisor.ts";
import { THREAD_SUBSCRIBE_RULES } from "./subscribe_rules.ts";
import type { DropReport, SubscribeOptions } from "../core/contracts.ts";
import type { Engine } from "../core/engine.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { RingReader } from "../ring/ring_reader.ts";
import type { FullThreadOptions } from "./thread_options.ts";

/** Frames of one ring that are moved before the event loop has a turn. */
const BURST = 256;

/** The thread that made the bus: it sends events to the others, and handles its own in a queue. */
export class HomeEngine implements Engine {
  readonly core: BusCore;
  readonly subscribeRules = THREAD_SUBSCRIBE_RULES;
  readonly outbox: Outbox;
  /** The calls of `enqueue` that wait. */
  readonly queue: RoomQueue;
  /** Resolves when every thread serves. */
  readonly ready: Promise<void>;
  readonly #options: FullThreadOptions;
  readonly #mesh: Mesh;
  readonly #local: AsyncEngine;
  readonly #routes: Routes;
  readonly #notes: Notes;
  readonly #books: HomeBooks;
  readonly #supervisor: Supervisor;
  readonly #idle: Idle;
  readonly #serving = new Set<number>();
  readonly #failed = new Set<number>();
  /** What stands for subscriptions of other threads, by pattern. */
  readonly #strangers = new Map<string, Registration>();
  readonly #becomeReady: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Holds the process while something is open. */
  #handle: ReturnType<typeof setInterval> | undefined;
  #stallWatch: ReturnType<typeof setInterval> | undefined;
  #isStarting = true;
  #isClosing = false;
  readonly #release = () => {
    if (!this.#isClosing && (this.#options.keepAlive || this.#isStarting)) return;
    this.core.ledger.waiting.delete(this.#release);
    clearInterval(this.#handle);
    clearInterval(this.#stallWatch);
    this.#handle = undefined;
    this.#mesh.cells.store(this.#mesh.words + NODE_WATCH, 0);
  };

  constructor(options: FullThreadOptions) {
    this.#options = options;
    const mesh = this.#mesh = createMesh(options.threads, options.capacity);
    this.core = new BusCore(options, this);
    this.#local = new AsyncEngine(
      {
        overflow: options.overflow,
        ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      },
      this.core,
    );
    this.#routes = new Routes(options.threads + 1, HOME);
    this.outbox = new Outbox(mesh, this.#routes, options);
    this.queue = new RoomQueue(
      mesh,
      this.outbox,
      this.core,
      (resolution, event) => this.#tryToDeliver(resolution, event),
      () => this.#idle.schedule(),
    );
    this.#notes = new Notes(mesh, this.#routes, this.outbox, 0);
    this.#books = new HomeBooks(mesh, this.core.ledger, () => this.#followState());
    this.core.ledger.remote = this.#books;
    this.core.registry.onRemove = (registration) => this.#notes.remove(registration);
    this.ready = this.#becomeReady.promise;
    // Whoever does not ask is not to be ended by it.
    this.ready.catch(() => {});
    this.#idle = new Idle(mesh, {
      turn: () => this.#turn(),
      hasWork: () => mesh.hasNext(),
      recheck: () => {
        // Threads wake this one to say that they have finished, sealed or answered.
        this.#supervisor.check();
        if (this.outbox.hasWaiters) this.queue.serve(this.#notes.flush());
        this.core.ledger.settle();
        return mesh.hasNext();
      },
    });
    this.#supervisor = new Supervisor(mesh, options, {
      greeting: (node, generation) => this.#greeting(node, generation),
      onGone: (node, cause) => this.#recover(node, cause),
      onFailed: (node, cause) => this.#giveUp(node, cause),
      onStuck: (node) => this.#leaveStuck(node),
    });
    // Throws where there are no threads, and so comes before all that would have to be undone.
    this.#supervisor.start();
    this.#hold();
    this.#notes.serve();
    this.#idle.schedule();
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const { outbox } = this;
    const isForHome = resolution.handlers.length > 0;
    // First, as it may run handlers, which may emit.
    if (isForHome) this.#local.prepare(event);
    if (outbox.plan(resolution, event)) {
      if (outbox.makeRoom(this.#local.isInHandler())) {
        this.#hold();
        outbox.commit();
      } else this.#drop(resolution.type, event);
    } else if (!isForHome) {
      this.#local.deliver(resolution, event);
      return;
    }
    if (!isForHome) return;
    this.#hold();
    this.#local.deliver(resolution, event);
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  isInHandler(): boolean {
    return this.#local.isInHandler();
  }

  discard(): number {
    this.queue.refuse();
    return this.#local.discard();
  }

  subscribed(registration: Registration, options: SubscribeOptions = {}): void {
    registration.each = options.each;
    registration.zeroCopy = options.zeroCopy;
    if (registration.zeroCopy) lendData(registration, this.#options);
    this.#notes.add(registration);
  }

  async stop(timeout: number): Promise<void> {
    this.#isClosing = true;
    this.#becomeReady.reject(new BusClosedError("wait for the threads"));
    const { cells, layout } = this.#mesh;
    cells.store(HEADER_STATE, STATE_CLOSED);
    // Threads that are not ref'd, and waits in the background, keep no process until they answer.
    const handle = setInterval(() => {}, 2 ** 30);
    await this.#supervisor.close(timeout).finally(() => clearInterval(handle));
    for (let from = 1; from <= layout.threads; from++) this.#discardRing(from, HOME, "closed");
    this.#idle.end();
    this.core.ledger.settle();
    this.#release();
  }

  /** Tells the threads that the bus drains, once it does. */
  #followState(): void {
    const { cells, layout } = this.#mesh;
    if (this.core.state === "open" || cells.load(HEADER_STATE) !== STATE_OPEN) return;
    cells.store(HEADER_STATE, STATE_DRAINING);
    for (let node = 1; node <= layout.threads; node++) this.#mesh.wake(node);
  }

  /** The `write` of the bus. */
  write(
    type: string,
    length: number,
    fill: (bytes: Uint8Array, at: number, length: number) => void,
    key: string | undefined,
  ): void {
    const { outbox } = this;
    outbox.checkBusy(type);
    const resolution = this.core.registry.resolve(type, "write");
    const isForHome = resolution.handlers.length > 0;
    const event: BusEvent = { type, data: undefined, ...(key === undefined ? {} : { key }) };
    if (isForHome) this.#local.prepare(event);
    let data: Uint8Array | undefined;
    if (outbox.planFilled(resolution, length, key)) {
      if (outbox.makeRoom(this.#local.isInHandler())) {
        this.#hold();
        const at = outbox.commitFilled(length, fill);
        if (isForHome) data = this.#mesh.cells.bytes.slice(at, at + length);
      } else this.#drop(type, event);
    }
    if (!isForHome) {
      if (data === undefined && !this.#routes.of(resolution).hasWorkers) {
        this.#local.deliver(resolution, event);
      }
      return;
    }
    if (data === undefined) {
      const bytes = data = new Uint8Array(length);
      outbox.fill(() => fill(bytes, 0, length));
    }
    this.#hold();
    this.#local.deliver(resolution, { ...event, data });
  }

  #tryToDeliver(resolution: Resolution, event: BusEvent): boolean {
    const isForHome = resolution.handlers.length > 0;
    if (isForHome && this.#local.isFull) return false;
    const isForThreads = this.outbox.plan(resolution, event);
    if (isForThreads && !this.outbox.hasRoom()) return false;
    if (isForThreads) {
      this.#hold();
      this.outbox.commit();
    }
    if (isForHome || !isForThreads) {
      if (isForHome) this.#hold();
      this.#local.deliver(resolution, event);
    }
    return true;
  }

  /** Moves what other threads have sent into the queue; says whether there is more. */
  #turn(): boolean {
    const { cells, readers, layout } = this.#mesh;
    this.#supervisor.check();
    let isBusy = false;
    for (const [from, reader] of readers.entries()) {
      if (reader === undefined) continue;
      if (this.#moveRing(from, reader)) isBusy = true;
      if (reader.release() && cells.load(layout.node(from) + NODE_WANTS_ROOM) === 1) {
        this.#mesh.wake(from);
      }
    }
    for (const node of this.#failed) this.#discardInbox(node, "thread-failed");
    if (this.outbox.hasWaiters) {
      this.queue.serve(this.#notes.flush());
      // Its own queue wakes nobody.
      if (this.queue.size > 0 && this.#local.isFull) setTimeout(() => this.#idle.schedule(), 1);
    }
    this.core.ledger.settle();
    return isBusy;
  }

  #moveRing(from: number, reader: RingReader): boolean {
    const { cells } = this.#mesh;
    for (let moved = 0; moved < BURST; moved++) {
      if (this.#local.isFull) return true;
      const word = reader.peek();
      if (word < 0) return false;
      reader.take(word);
      const kind = cells.get(word + FRAME_FLAGS) & FLAG_KIND;
      if (kind === FLAG_NOTE) this.#hear(from, readData(cells, word) as Note);
      else if (kind === FLAG_FAILURE) this.#hearFailure(from, word);
      else {
        const event = this.#readEvent(from, word);
        // The ring has counted it; from here on the queue does.
        this.core.ledger.emitted--;
        this.#hold();
        this.#local.deliver(this.core.registry.current(event.type), event);
      }
      reader.finish(word, kind === FLAG_EVENT);
    }
    return true;
  }

  #hear(from: number, note: Note): void {
    if (note[0] === "fault") {
      this.#supervisor.blame(from, reviveError(note[1]));
      return;
    }
    this.#notes.hear(from, note);
    if (note[0] !== "serving") return;
    this.#supervisor.serve(from);
    this.#serving.add(from);
    if (this.#serving.size < this.#mesh.layout.threads) return;
    this.#isStarting = false;
    this.#becomeReady.resolve();
  }

  #hearFailure(from: number, word: number): void {
    const { report } = readExtras(this.#mesh.cells, word);
    const [pattern, error] = JSON.parse(report!) as [string, ErrorReport];
    this.#tellError(reviveError(error), this.#readEvent(from, word), pattern);
  }

  /** Tells of an error that another thread has counted. */
  #tellError(error: unknown, event: BusEvent, pattern: string): void {
    let stranger = this.#strangers.get(pattern);
    if (stranger === undefined) {
      if (this.#strangers.size === 1024) this.#strangers.clear();
      stranger = new Registration({ remove: () => false }, pattern, -1, () => {});
      this.#strangers.set(pattern, stranger);
    }
    this.core.ledger.failed--;
    this.core.fail(error, event, stranger);
  }

  #typeOf(from: number, word: number): string {
    const { cells, layout } = this.#mesh;
    if ((cells.get(word + FRAME_FLAGS) & FLAG_TYPE) !== 0) return readExtras(cells, word).type!;
    return readTopic(cells, layout, from, cells.get(word + FRAME_TOPIC));
  }

  #readEvent(from: number, word: number): BusEvent {
    const type = this.#typeOf(from, word);
    return readEvent(this.#mesh.cells, word, type, this.#options.valueCodec);
  }

  #greeting(node: number, generation: number): unknown {
    const { overflow, blockTimeout, park, concurrency = 1, stallTimeout, valueCodec } =
      this.#options;
    return {
      beat: "start",
      memory: this.#mesh.cells.words.buffer,
      node,
      hasCodec: valueCodec !== undefined,
      options: { overflow, blockTimeout, park, concurrency, stallTimeout, generation },
    };
  }

  /** Brings the rings of a dead thread in order, before the next one gets them. */
  #recover(node: number, cause: unknown): void {
    const { cells, layout } = this.#mesh;
    for (let to = 0; to <= layout.threads; to++) {
      finishForWriter(cells, layout.ring(node, to));
      if (to !== HOME) this.#mesh.wake(to);
    }
    this.#idle.schedule();
    let isTold = false;
    for (let from = 0; from <= layout.threads; from++) {
      const place = layout.ring(from, node);
      const { started } = takeOverFromReader(cells, place);
      for (const word of started) {
        const event = this.#readEvent(from, word);
        const crashes = crashesOf(cells, word) + 1;
        this.#tellError(new CrashError(event, crashes, cause), event, event.type);
        isTold = true;
        if (crashes < this.#options.maxCrashes && !this.#isClosing) retryFrame(cells, word);
        else {
          finishFrame(cells, place, word);
          const { ledger } = this.core;
          ledger.processed--;
          ledger.dropped++;
          ledger.inDoubt++;
          this.core.reportDrop({ reason: "in-doubt", count: 1, type: event.type, event });
        }
      }
      releaseDone(cells, place);
      if (cells.load(layout.node(from) + NODE_WANTS_ROOM) === 1) this.#mesh.wake(from);
    }
    cells.store(layout.node(node) + NODE_SEALED, 0);
    this.#serving.delete(node);
    if (this.#isClosing) this.#discardInbox(node, "closed");
    if (this.#isClosing) this.#books.silent.add(node);
    else if (cause !== undefined && !isTold) {
      this.#tellError(cause, { type: "beat.thread", data: node - 1 }, "beat.thread");
    }
  }

  #giveUp(node: number, cause: unknown): void {
    this.#failed.add(node);
    this.#isStarting = false;
    this.#exclude(node);
    this.#discardInbox(node, "thread-failed");
    this.#becomeReady.reject(
      new ThreadFailedError("wait for the threads", node - 1, "does not start", cause),
    );
  }

  #leaveStuck(node: number): void {
    this.#exclude(node);
    const { layout } = this.#mesh;
    const counts = new Map<string, number>();
    for (let from = 0; from <= layout.threads; from++) {
      for (const word of this.#unfinished(from, node)) {
        const type = this.#typeOf(from, word);
        counts.set(type, (counts.get(type) ?? 0) + 1);
      }
    }
    for (const [type, count] of counts) {
      this.core.reportDrop({ reason: "thread-stuck", count, type });
    }
  }

  /** Sends nothing more to a thread, and tells the others. */
  #exclude(node: number): void {
    const { layout } = this.#mesh;
    this.#books.silent.add(node);
    this.#notes.leave(node);
    for (let other = 1; other <= layout.threads; other++) {
      if (!this.#routes.isGone(other)) this.#notes.tell(other, ["gone", node]);
    }
  }

  #discardInbox(node: number, reason: DropReport["reason"]): void {
    for (let from = 0; from <= this.#mesh.layout.threads; from++) {
      this.#discardRing(from, node, reason);
    }
  }

  /** Drops what waits in a ring that nobody reads any more. */
  #discardRing(from: number, to: number, reason: DropReport["reason"]): void {
    const { cells, layout } = this.#mesh;
    const place = layout.ring(from, to);
    const { ledger } = this.core;
    const counts = new Map<string, number>();
    for (const word of takeOverFromReader(cells, place).ready) {
      const type = this.#typeOf(from, word);
      counts.set(type, (counts.get(type) ?? 0) + 1);
      finishFrame(cells, place, word);
      // What goes home has not been counted as processed by the ring.
      if (to !== HOME) ledger.processed--;
      ledger.dropped++;
      if (reason === "closed") this.core.discarded++;
    }
    releaseDone(cells, place);
    for (const [type, count] of counts) this.core.reportDrop({ reason, count, type });
  }

  /** Words of the frames that a living thread has not finished; it may be finishing them. */
  #unfinished(from: number, to: number): number[] {
    const { ready, started } = takeOverFromReader(
      this.#mesh.cells,
      this.#mesh.layout.ring(from, to),
    );
    return [...started, ...ready];
  }

  /** Replaces threads that have work and do not even run their timers. */
  #watchStalls(): void {
    const { stallTimeout, threads } = this.#options;
    if (stallTimeout > MAX_DELAY) return;
    const { cells, layout } = this.#mesh;
    const beats: number[] = [];
    this.#stallWatch = setInterval(() => {
      for (let node = 1; node <= threads; node++) {
        const beat = cells.load(layout.node(node) + NODE_HEARTBEAT);
        if (beat === beats[node] && this.#serving.has(node)) void this.#supervisor.replace(node);
        beats[node] = beat;
      }
    }, stallTimeout);
  }

  #drop(type: string, event: BusEvent): void {
    this.core.ledger.emitted++;
    this.core.ledger.dropped++;
    this.core.reportDrop({ reason: "overflow", count: 1, type, event });
  }

  #hold(): void {
    if (this.#handle !== undefined) return;
    const { cells, words } = this.#mesh;
    this.#handle = setInterval(() => {}, 2 ** 30);
    this.#watchStalls();
    // Before the event is published: who handles it then sees that somebody wants to know.
    cells.store(words + NODE_WATCH, 1);
    this.core.ledger.waiting.add(this.#release);
  }
}
