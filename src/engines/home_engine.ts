import { BusCore } from "../core/bus_core.ts";
import { BusClosedError, ThreadFailedError } from "../core/errors.ts";
import {
  HEADER_STATE,
  Layout,
  NODE_WATCH,
  STATE_CLOSED,
  STATE_DRAINING,
  STATE_OPEN,
} from "../ring/layout.ts";
import { DeadThreads } from "./dead_threads.ts";
import { ForeignEvents } from "./foreign_events.ts";
import { HomeBooks } from "./home_books.ts";
import { HomeInbox } from "./home_inbox.ts";
import type { HomeQueue } from "./home_queue.ts";
import { Idle } from "./idle.ts";
import { lendData } from "./lend_data.ts";
import { createMesh, HOME, type Mesh } from "./mesh.ts";
import { type Note, Notes, reviveError } from "./notes.ts";
import { Outbox } from "./outbox.ts";
import { dropFor } from "./overflow.ts";
import { PostOffice } from "./post_office.ts";
import { RoomQueue } from "./room_queue.ts";
import { Routes } from "./routes.ts";
import { watchStalls } from "./stall_watch.ts";
import { ThreadFlushes } from "./thread_flushes.ts";
import { Supervisor } from "./supervisor.ts";
import { THREAD_SUBSCRIBE_RULES } from "./subscribe_rules.ts";
import { canShareMemory, type FullThreadOptions, withoutWaiting } from "./thread_options.ts";
import type { SubscribeOptions } from "../core/subscription.ts";
import type { Engine } from "../core/engine.ts";
import type { BusCapabilities } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";
import type { Rules } from "../options/options.ts";
import type { Thread } from "../runtime/thread.ts";

/** The thread that made the bus: it sends events to the others, and handles its own in a queue. */
export class HomeEngine implements Engine {
  readonly core: BusCore;
  readonly subscribeRules: Rules;
  readonly outbox: Outbox;
  readonly books: HomeBooks;
  readonly flushes: ThreadFlushes;
  /** The calls of `enqueue` that wait. */
  readonly queue: RoomQueue;
  /** Resolves when every thread serves. */
  readonly ready: Promise<void>;
  readonly #options: FullThreadOptions;
  readonly #mesh: Mesh;
  /** What carries everything where threads share no memory. */
  readonly #post: PostOffice | undefined;
  readonly #local: HomeQueue;
  readonly #notes: Notes;
  readonly #inbox: HomeInbox;
  readonly #dead: DeadThreads;
  readonly #supervisor: Supervisor;
  readonly #idle: Idle;
  readonly #serving = new Set<number>();
  readonly #becomeReady: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Holds the process while something is open. */
  #handle: ReturnType<typeof setInterval> | undefined;
  #stallWatch: ReturnType<typeof setInterval> | undefined;
  #isStarting = true;
  #isClosing = false;
  readonly #release = () => {
    const { keepAlive } = this.#options;
    // A flush waits for the heads of rings, which move when the books are closed already.
    const isAwaited = this.#notes.isAwaited || this.flushes.flushes.size > 0;
    const isWanted = keepAlive || this.#isStarting || isAwaited;
    if (isWanted && !this.#isClosing) return;
    this.core.ledger.waiting.delete(this.#release);
    clearInterval(this.#handle);
    clearInterval(this.#stallWatch);
    this.#handle = undefined;
    this.#mesh.cells.store(this.#mesh.words + NODE_WATCH, 0);
  };

  /** `createQueue` makes what calls the handlers of this thread. */
  constructor(options: FullThreadOptions, createQueue: (core: BusCore) => HomeQueue) {
    const { threads, capacity } = options;
    const post = this.#post = canShareMemory()
      ? undefined
      : new PostOffice(new Layout(threads, capacity));
    this.#options = post === undefined ? options : withoutWaiting(options);
    // A batch outlives the call of a handler, and a shard is in one thread.
    this.subscribeRules = options.flow ? {} : THREAD_SUBSCRIBE_RULES;
    const mesh = this.#mesh = createMesh(threads, capacity, post?.cells);
    this.core = new BusCore(options, this);
    this.core.registry.onRemove = (registration) => this.#notes.remove(registration);
    this.#local = createQueue(this.core);
    this.flushes = new ThreadFlushes(mesh, () => {
      this.#hold();
      this.#idle.schedule();
    });
    const routes = new Routes(threads + 1, HOME);
    const schedule = () => this.#idle.schedule();
    this.outbox = new Outbox(mesh, routes, this.#options, schedule);
    this.queue = new RoomQueue(mesh, this.outbox, this.core, this.offer.bind(this));
    this.#notes = new Notes(mesh, routes, this.outbox, 0);
    const books = this.books = new HomeBooks(mesh, this.core.ledger, () => this.#followState());
    this.core.ledger.remote = books;
    const events = new ForeignEvents(mesh, this.core, options.valueCodec);
    this.#inbox = new HomeInbox(
      mesh,
      this.#local,
      events,
      () => this.#hold(),
      (from, note) => this.#hear(from, note),
      schedule,
    );
    const { maxCrashes } = options;
    this.#dead = new DeadThreads(mesh, this.core, events, this.#notes, books, maxCrashes);
    this.ready = this.#becomeReady.promise;
    // Whoever does not ask is not to be ended by it.
    this.ready.catch(() => {});
    this.#idle = new Idle(mesh, {
      turn: () => this.#turn(),
      hasWork: () => this.#inbox.hasNext(),
      recheck: () => {
        // Threads wake this one to say that they have finished, sealed or answered.
        this.#supervisor.check();
        this.#serve();
        this.#settle();
        return this.#inbox.hasNext();
      },
    });
    this.#supervisor = new Supervisor(mesh, options, {
      greeting: (node, generation, thread) => this.#greeting(node, generation, thread),
      greetsEarly: post === undefined,
      onMessage: (node, data) => {
        // At once: what a thread says before it dies comes before its end.
        if (post?.receive(node, data) && this.#turn()) this.#idle.schedule();
      },
      onGone: (node, cause) => {
        this.#post?.close(node);
        this.#serving.delete(node);
        this.#idle.schedule();
        return this.#dead.recover(node, cause);
      },
      onFailed: (node, cause) => this.#giveUp(events, node, cause),
      onStuck: (node) => {
        this.#post?.close(node);
        this.#dead.leaveStuck(node);
        this.flushes.leave(node);
      },
    });
    // May throw, and so comes before all that would have to be undone.
    this.#supervisor.start();
    this.#hold();
    this.#notes.serve();
    this.#idle.schedule();
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const { outbox } = this;
    const isForHome = this.#local.wants(resolution);
    // First, as it may run handlers, which may emit.
    if (isForHome) resolution = this.#local.prepare(resolution);
    const isForThreads = outbox.plan(resolution, event);
    if (isForThreads) {
      if (outbox.makeRoom(this.#local.isInHandler())) {
        this.#hold();
        outbox.commit();
      } else this.#drop(resolution.type, event);
    }
    this.#finish(resolution, event, isForHome, isForThreads);
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  /** How events get to the threads. */
  get transport(): BusCapabilities["transport"] {
    return this.#post === undefined ? "shared-memory" : "messages";
  }

  isInHandler(): boolean {
    return this.#local.isInHandler();
  }

  discard(): number {
    this.queue.refuse();
    this.flushes.refuse();
    return this.#local.discard();
  }

  subscribed(registration: Registration, options: SubscribeOptions = {}): void {
    registration.each = options.each;
    registration.zeroCopy = options.zeroCopy;
    if (registration.zeroCopy) lendData(registration, this.#options);
    this.#notes.add(registration);
    if (this.#notes.isAwaited) this.#hold();
  }

  async stop(timeout: number): Promise<void> {
    this.#isClosing = true;
    this.#becomeReady.reject(new BusClosedError("wait for the threads"));
    this.#mesh.cells.store(HEADER_STATE, STATE_CLOSED);
    // Threads that are not ref'd, and waits in the background, keep no process until they answer.
    const handle = setInterval(() => {}, 2 ** 30);
    await this.#supervisor.close(timeout).finally(() => clearInterval(handle));
    this.#inbox.end();
    this.#idle.end();
    this.core.ledger.settle();
    this.#release();
  }

  /** Tells the threads that the bus drains, once it does. */
  #followState(): void {
    const { cells, layout } = this.#mesh;
    if (this.core.state === "open" || cells.load(HEADER_STATE) !== STATE_OPEN) return;
    this.#hold();
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
    let resolution = this.core.registry.resolve(type, "write");
    const isForHome = this.#local.wants(resolution);
    const event: BusEvent = { type, data: undefined, ...(key === undefined ? {} : { key }) };
    if (isForHome) resolution = this.#local.prepare(resolution);
    let data: Uint8Array | undefined;
    const isForThreads = outbox.planFilled(resolution, length, key);
    if (isForThreads) {
      if (outbox.makeRoom(this.#local.isInHandler())) {
        this.#hold();
        const at = outbox.commitFilled(length, fill);
        if (isForHome) data = this.#mesh.cells.bytes.slice(at, at + length);
      } else this.#drop(type, event);
    }
    if (isForHome && data === undefined) {
      const bytes = data = new Uint8Array(length);
      outbox.fill(() => fill(bytes, 0, length));
    }
    this.#finish(resolution, isForHome ? { ...event, data } : event, isForHome, isForThreads);
  }

  /** Delivers an event if there is room for it wherever it goes; says whether there was. */
  offer(resolution: Resolution, event: BusEvent): boolean {
    const isForHome = this.#local.wants(resolution);
    if (isForHome && this.#local.isFull) return false;
    const isForThreads = this.outbox.plan(resolution, event);
    if (isForThreads && !this.outbox.hasRoom()) return false;
    if (isForThreads) {
      this.#hold();
      this.outbox.commit();
    }
    this.#finish(resolution, event, isForHome, isForThreads);
    return true;
  }

  /** Delivers to those here, or as nobody wants it: looked up anew, as codecs may have ended some. */
  #finish(
    { type }: Resolution,
    event: BusEvent,
    isForHome: boolean,
    isForThreads: boolean,
  ): void {
    if (isForThreads && !isForHome) return;
    if (isForHome) this.#hold();
    this.#local.deliver(this.core.registry.current(type), event);
  }

  /** Moves what other threads have sent into the queue; says whether there is more. */
  #turn(): boolean {
    this.#supervisor.check();
    const isBusy = this.#inbox.move();
    this.#dead.discardLate();
    this.#serve();
    this.#settle();
    return isBusy;
  }

  /** Lets those go on who wait for room, as far as there is some. */
  #serve(): void {
    if (!this.outbox.hasWaiters) return;
    this.queue.serve(this.#notes.flush() || this.#notes.isAwaited);
    // They may have filled the queue.
    this.#inbox.watchRoom();
  }

  /** Tells those who wait for what others have finished. */
  #settle(): void {
    this.flushes.check();
    this.core.ledger.settle();
  }

  #hear(from: number, note: Note): void {
    if (note[0] === "fault") return this.#supervisor.blame(from, reviveError(note[1]));
    if (note[0] === "dropped") return this.core.reportDrop(note[1]);
    // What has died since may have said so.
    if (note[0] === "serving" && !this.#supervisor.serve(from, note[1])) return;
    this.#notes.hear(from, note);
    if (note[0] !== "serving") return;
    this.#serving.add(from);
    if (this.#serving.size < this.#mesh.layout.threads) return;
    this.#isStarting = false;
    this.#becomeReady.resolve();
  }

  #greeting(node: number, generation: number, thread: Thread): unknown {
    const { overflow, blockTimeout, park, concurrency = 1, stallTimeout, valueCodec, flow } =
      this.#options;
    return {
      beat: "start",
      node,
      hasCodec: valueCodec !== undefined,
      options: { overflow, blockTimeout, park, concurrency, stallTimeout, generation, flow },
      memory: this.#post === undefined ? this.#mesh.cells.words.buffer : undefined,
      copy: this.#post?.open(node, thread),
    };
  }

  #giveUp(events: ForeignEvents, node: number, cause: unknown): void {
    const error = new ThreadFailedError("wait for the threads", node - 1, "does not start", cause);
    events.failThread(error, node - 1, "beat.threads");
    this.#isStarting = false;
    this.#dead.giveUp(node);
    this.#becomeReady.reject(error);
  }

  #drop(type: string, event: BusEvent): void {
    this.core.ledger.emitted++;
    dropFor(this.core, type, event);
  }

  #hold(): void {
    if (this.#handle !== undefined) return;
    const { cells, words } = this.#mesh;
    this.#handle = setInterval(() => {}, 2 ** 30);
    this.#stallWatch = watchStalls(this.#mesh, this.#options.stallTimeout, (node) => {
      if (this.#serving.has(node)) void this.#supervisor.replace(node);
    });
    // Before the event is published: who handles it then sees that somebody wants to know.
    cells.store(words + NODE_WATCH, 1);
    this.core.ledger.waiting.add(this.#release);
  }
}
