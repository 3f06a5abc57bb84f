import { BusCore } from "../core/bus_core.ts";
import { FLAG_KEY, FLAG_KIND, FLAG_NOTE, FRAME_FLAGS } from "../ring/frame.ts";
import { readData, readExtras } from "../ring/frame_event.ts";
import {
  HEADER_STATE,
  NODE_ANSWER,
  NODE_SEALED,
  NODE_STOP,
  NODE_WATCH,
  STATE_OPEN,
} from "../ring/layout.ts";
import { DropReports } from "./drop_reports.ts";
import { EarlyNotes } from "./early_notes.ts";
import { FlowThread } from "./flow_thread.ts";
import { FrameHandler } from "./frame_handler.ts";
import { Idle } from "./idle.ts";
import { KeyedBacklog } from "./keyed_backlog.ts";
import { LimitedReadiness } from "./limited_readiness.ts";
import { HOME, type Mesh } from "./mesh.ts";
import { type Note, Notes } from "./notes.ts";
import { Outbox } from "./outbox.ts";
import { Pulse } from "./pulse.ts";
import { RoomQueue } from "./room_queue.ts";
import { Routes } from "./routes.ts";
import { sendFailure } from "./send_failure.ts";
import { THREAD_SUBSCRIBE_RULES } from "./subscribe_rules.ts";
import { ThreadCounters } from "./thread_counters.ts";
import type { SubscribeOptions } from "../core/subscription.ts";
import type { Engine } from "../core/engine.ts";
import type { BusEvent } from "../core/event.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";
import type { Rules } from "../options/options.ts";
import type { RingReader, TakenFrame } from "../ring/ring_reader.ts";
import type { WorkerOptions } from "./worker_options.ts";

/** Events that are handled before the event loop has a turn, and of one ring before the next. */
const BURST = 1024;
const BURST_OF_RING = 128;

/** Handles the events of one thread, straight from the rings. */
export class WorkerEngine implements Engine {
  readonly core: BusCore;
  readonly subscribeRules: Rules;
  readonly notes: Notes;
  /** The calls of `enqueue` that wait. */
  readonly queue: RoomQueue;
  readonly outbox: Outbox;
  /** The shards, on a flow bus. */
  readonly flow: FlowThread | undefined;
  readonly #mesh: Mesh;
  readonly #options: WorkerOptions;
  readonly #idle: Idle;
  readonly #backlog = new KeyedBacklog();
  readonly #held = new WeakMap<BusEvent, TakenFrame>();
  readonly #frames: FrameHandler;
  readonly #earlyNotes: EarlyNotes;
  readonly #counters: ThreadCounters;
  readonly #drops: DropReports;
  readonly #pulse: Pulse;
  readonly #readiness: LimitedReadiness;
  // The node whose ring is next: a turn that a promise has stopped must not begin with the same one
  // again. A full one would keep the others waiting, and a thread would wait for its own.
  #nextRing = 0;
  #isHandling = false;
  /** Whether it hears what others tell, though it takes no events yet. */
  #isListening = false;
  #onStop: (() => void) | undefined;
  #onSettled: (() => void) | undefined;

  constructor(mesh: Mesh, options: WorkerOptions) {
    this.#mesh = mesh;
    this.#earlyNotes = new EarlyNotes(mesh, (from, note) => this.notes.hear(from, note));
    this.#options = options;
    this.subscribeRules = options.flow ? {} : THREAD_SUBSCRIBE_RULES;
    // At once, as the thread may not come to the end of its turn.
    const noteFailed = () => this.#counters.noteFailed(this.core.ledger.failed);
    this.core = new BusCore({
      onError: (error, context) => {
        noteFailed();
        sendFailure(mesh, this.outbox, error, context);
      },
      onDrop: ({ type }) => {
        // An iterator that overflows counts as a handler that fails.
        noteFailed();
        this.#drops.add(type);
      },
    }, this);
    this.#counters = new ThreadCounters(mesh);
    this.#pulse = new Pulse(this.#counters, options.stallTimeout, () => this.#isStopping());
    const onSettled = () => {
      this.#idle.schedule();
      this.#tellSettled();
    };
    this.#frames = new FrameHandler(mesh, {
      core: this.core,
      backlog: this.#backlog,
      valueCodec: options.valueCodec,
      onSettled,
    });
    this.core.registry.onRemove = (registration) => this.notes.remove(registration);
    this.flow = options.flow && new FlowThread(mesh, {
      core: this.core,
      counters: this.#counters,
      settings: options.flow,
      valueCodec: options.valueCodec,
      onSettled,
    });
    const routes = new Routes(mesh.layout.threads + 1, mesh.self);
    this.outbox = new Outbox(mesh, routes, options, () => this.#idle.schedule(), this.#pulse);
    this.notes = new Notes(mesh, routes, this.outbox, options.generation);
    this.#drops = new DropReports(this.outbox);
    const isHoldingUp = () => (this.flow?.isUnderWay ?? this.#isTaken) && this.notes.flush();
    this.#readiness = new LimitedReadiness(mesh, options, isHoldingUp);
    this.queue = new RoomQueue(mesh, this.outbox, this.core, (resolution, event) => {
      if (!this.outbox.plan(resolution, event)) this.#counters.countUnwanted();
      else if (!this.outbox.hasRoom()) return false;
      else this.outbox.commit();
      return true;
    });
    this.#idle = new Idle(mesh, {
      turn: () => this.#turn(),
      hasWork: () => this.#hasWork(),
      recheck: () => {
        // Room may have come before this thread announced its sleep, and nobody wakes it for that.
        this.#serve();
        return this.#hasWork();
      },
      // Batches have a timer, and the module may wait for one before it serves and at its end.
      blockTime: () => {
        const isIdle = this.core.ledger.pending === 0 && !this.flow?.isBusy;
        const mayBlock = options.park === "block" && isIdle && this.#onStop !== undefined;
        return mayBlock ? this.#pulse.interval : 0;
      },
    });
  }

  /** Hears from now on what others tell: the module may wait for that before it serves. */
  listen(): void {
    this.#isListening = true;
    this.#idle.schedule();
  }

  /** Begins to handle events; `onStop` is called once when the bus wants this thread to end. */
  start(onStop: () => void): void {
    this.#onStop = onStop;
    this.#isListening = false;
    // Before any event, of which this thread may die: others send it everything until it answers.
    this.#earlyNotes.hear();
    this.#idle.schedule();
    this.#pulse.start();
  }

  deliver(resolution: Resolution, event: BusEvent): void {
    const { outbox } = this;
    if (!outbox.plan(resolution, event)) this.#counters.countUnwanted();
    else if (outbox.makeRoom(this.isInHandler())) outbox.commit();
    else {
      this.#counters.countDropped();
      this.#drops.add(resolution.type);
    }
  }

  deliverUnsafely(resolution: Resolution, event: BusEvent): void {
    this.deliver(resolution, event);
  }

  isInHandler(): boolean {
    return this.#isHandling || this.flow?.context.isHandling === true;
  }

  discard(): number {
    return 0;
  }

  subscribed(registration: Registration, options: SubscribeOptions = {}): void {
    registration.each = options.each;
    registration.zeroCopy = options.zeroCopy;
    this.flow?.enliven(registration);
    this.notes.add(registration);
    this.#readiness.limit(registration);
  }

  /** Resolves when no handler runs and no promise of one is pending. */
  settled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onSettled = resolve;
    this.#tellSettled();
    return promise;
  }

  /** Says that nothing of this thread touches the memory any more. */
  answer(): void {
    this.#flush();
    this.#close();
    // A timer may live on, which ends a subscription or throws.
    this.core.seal("closed");
    this.notes.tell = () => {};
    this.outbox.sendTo = () => false;
    for (const one of [this.#idle, this.#pulse, this.#readiness]) one.end();
    const { cells, words } = this.#mesh;
    cells.store(words + NODE_ANSWER, this.#options.generation);
    this.#mesh.wake(HOME);
  }

  #isStopping(): boolean {
    return this.#mesh.cells.load(this.#mesh.words + NODE_STOP) === this.#options.generation;
  }

  /** Whether as many events are in the hands of their handlers as may be. */
  get #isTaken(): boolean {
    return this.core.ledger.pending >= this.#options.concurrency;
  }

  #hasWork(): boolean {
    // What waits before it has started, or still when it stops, is not its own.
    if (this.#isStopping()) return this.#onStop !== undefined;
    if (this.#onStop === undefined) return this.#isListening && this.#earlyNotes.areThere;
    const isOpen = this.#mesh.cells.load(HEADER_STATE) === STATE_OPEN;
    if (!isOpen && this.core.state === "open") return true;
    if (this.flow?.hasNews) return true;
    if (this.#isTaken) return this.#earlyNotes.areThere;
    return this.#backlog.hasDue || this.#mesh.hasNext();
  }

  /** Handles a burst, and sends what waits for room; says whether there is more. */
  #turn(): boolean {
    this.#counters.showLife();
    this.#followState();
    const { readers } = this.#mesh;
    let left = BURST;
    try {
      this.#isHandling = true;
      for (let isBusy = true; isBusy && left > 0;) {
        isBusy = false;
        while (this.#backlog.hasDue && this.#isFree()) {
          this.#handleDue();
          left--;
        }
        for (let rings = readers.length; rings > 0 && this.#isFree(); rings--) {
          const from = this.#nextRing;
          this.#nextRing = (from + 1) % readers.length;
          const taken = this.#drainRing(from, readers[from]!, Math.min(left, BURST_OF_RING));
          left -= taken;
          if (taken > 0) isBusy = true;
        }
      }
    } finally {
      this.#isHandling = false;
      this.#close();
    }
    this.flow?.follow();
    // A handler may wait for what others tell, and so may the module: events must not hold that up.
    if (this.#isTaken || this.#isListening) this.#earlyNotes.hear();
    this.#serve();
    // Batches begin when the event loop has a turn.
    return left <= 0 || (this.flow !== undefined && left < BURST);
  }

  /** Lets those go on who wait for room, as far as there is some. */
  #serve(): void {
    if (this.outbox.hasWaiters) this.queue.serve(this.#flush());
  }

  /** Sends what waits to be told and finds room now; says whether anything still waits. */
  #flush(): boolean {
    return [this.#drops.flush(), this.notes.flush(), this.notes.isAwaited].includes(true);
  }

  /** Whether it takes an event: none before all is subscribed. */
  #isFree(): boolean {
    return this.#onStop !== undefined && !this.#isTaken && !this.#isStopping();
  }

  #drainRing(from: number, reader: RingReader, limit: number): number {
    let taken = 0;
    for (; taken < limit && this.#isFree(); taken++) {
      const word = reader.peek();
      if (word < 0) break;
      reader.take(word);
      this.#handleFrame(from, reader, word);
    }
    // A writer that spins can go on; one that sleeps is woken at the end of the turn, for more room.
    if (taken > 0) reader.release();
    return taken;
  }

  /** Ends a turn: lets the writers have what is done, and tells the thread of the bus. */
  #close(): void {
    const { cells, readers, layout } = this.#mesh;
    for (const [from, reader] of readers.entries()) {
      reader!.release();
      this.#mesh.offerRoom(from);
    }
    if (cells.load(layout.node(HOME) + NODE_WATCH) === 1) this.#mesh.wake(HOME);
  }

  /** Does what the thread of the bus has decided. */
  #followState(): void {
    const { cells, words } = this.#mesh;
    const onStop = this.#onStop;
    if (this.#isStopping()) this.#readiness.end();
    if (onStop === undefined) return;
    if (cells.load(HEADER_STATE) !== STATE_OPEN && this.core.state === "open") {
      this.core.seal("draining");
      cells.store(words + NODE_SEALED, 1);
      this.#mesh.wake(HOME);
      this.flow?.hurry();
    }
    if (!this.#isStopping()) return;
    this.core.seal("closed");
    this.queue.refuse();
    this.flow?.stop();
    this.#onStop = undefined;
    onStop();
  }

  #handleFrame(from: number, reader: RingReader, word: number): void {
    const { cells } = this.#mesh;
    const flags = cells.get(word + FRAME_FLAGS);
    this.#counters.showLife();
    if ((flags & FLAG_KIND) === FLAG_NOTE) {
      this.notes.hear(from, readData(cells, word) as Note);
      return reader.finish(word, false);
    }
    const resolution = this.#frames.resolve(from, word, flags);
    if (this.flow !== undefined) return this.flow.take(resolution, reader, word);
    if (this.#backlog.active && (flags & FLAG_KEY) !== 0) {
      const { key } = readExtras(cells, word);
      const event = this.#frames.createEvent(resolution.type, word);
      if (this.#backlog.hold(key!, resolution, event)) {
        this.#held.set(event, { reader, word });
        return;
      }
    }
    this.#frames.handle(resolution, reader, word);
  }

  #handleDue(): void {
    this.#counters.showLife();
    const { key, resolution, event } = this.#backlog.shiftDue();
    const { reader, word } = this.#held.get(event)!;
    const current = this.core.registry.current(resolution.type);
    if (!this.#frames.handle(current, reader, word, event)) this.#backlog.end(key);
  }

  #tellSettled(): void {
    if (this.core.ledger.pending === 0 && !this.flow?.isUnderWay) this.#onSettled?.();
  }
}
