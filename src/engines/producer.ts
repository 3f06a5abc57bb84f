import { print } from "../options/print.ts";
import { BatchError, type BatchFailure, BusClosedError, QueueFullError } from "../core/errors.ts";
import { check, checkOptions, OBJECT } from "../options/options.ts";
import { refuse, show } from "../options/refusal.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { isAccepted, type Lanes, LANES_OPEN, leaveLane } from "../ring/lane.ts";
import { HEADER_STATE, NODE_DROPPED, NODE_PARK, NODE_WANTS_ROOM } from "../ring/layout.ts";
import { announceSleep, stayAwake, wake } from "../ring/park.ts";
import { RingWriter } from "../ring/ring_writer.ts";
import { waitForRoom } from "../ring/room.ts";
import { NO_TOPIC, TopicTable } from "../ring/topic_table.ts";
import { atThreadEnd } from "../runtime/exit_hook.ts";
import { ENQUEUE_RULES } from "./async_engine.ts";
import { WaitingList } from "./waiting_list.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";
import type { LaneHost } from "./lane_host.ts";
import type { AttachOptions, LaneSettings } from "./lane_options.ts";

/** How a producer treats its lane. */
export interface ProducerSettings extends LaneSettings, AttachOptions {
  /** Who reads the lane, if that is this very thread, which must not wait for itself. */
  home: LaneHost | undefined;
}

/** The producers of this thread that are open. */
const producers = new Set<LaneProducer>();
let isHooked = false;

/** Writes events into one lane: what `Producer` documents, untyped. */
export class LaneProducer {
  readonly #settings: ProducerSettings;
  readonly #lanes: Lanes;
  readonly #node: number;
  readonly #writer: RingWriter;
  readonly #topics: TopicTable;
  readonly #encoder: FrameEncoder;
  readonly #waiters = new WaitingList();
  /** Most bytes of an event. */
  readonly #limit: number;
  /** The type of the planned event, and its number: mostly those of the one before. */
  #type = "";
  #topic = NO_TOPIC;
  #isClosed = false;
  /** Whether somebody sees to the calls of `enqueue` that wait. */
  #isServing = false;
  /** Positions in the batch under way of the events that are written, and how many home will read. */
  #batch: { written: number[]; accepted: number } | undefined;

  constructor(lanes: Lanes, lane: number, settings: ProducerSettings) {
    const { cells, layout } = this.#lanes = lanes;
    this.#settings = settings;
    this.#node = layout.node(lane);
    this.#limit = layout.capacity / 4;
    this.#writer = new RingWriter(cells, layout.ring(0, lane));
    this.#topics = new TopicTable(cells, layout, lane);
    this.#encoder = new FrameEncoder(settings.valueCodec);
    producers.add(this);
    if (!isHooked) atThreadEnd(closeAll);
    isHooked = true;
  }

  get closed(): boolean {
    return this.#isClosed || this.#lanes.cells.load(HEADER_STATE) !== LANES_OPEN;
  }

  emit(input: string | BusEvent, data?: unknown): void {
    const event = typeof input === "string" ? { type: input, data } : input;
    this.#plan(event);
    if (!this.#makeRoom(event)) return;
    this.#write();
    if (!this.#publish()) this.#refuseClosed(event.type);
  }

  emitBatch(events: readonly BusEvent[]): void {
    const action = "emit a batch";
    if (!Array.isArray(events)) refuse(action, "events", "an array", events);
    if (this.closed) throw this.#closedError(action);
    if (this.#batch !== undefined) {
      throw new TypeError("Cannot emit a batch as another one is being written");
    }
    const batch = this.#batch = { written: [] as number[], accepted: 0 };
    const failures: BatchFailure[] = [];
    try {
      for (let index = 0; index < events.length; index++) {
        try {
          const event = events[index];
          this.#plan(event);
          if (!this.#makeRoom(event)) continue;
          this.#write();
          batch.written.push(index);
        } catch (error) {
          failures.push({ index, error });
        }
      }
      if (this.#writer.isDirty) this.#publish();
    } finally {
      this.#batch = undefined;
    }
    for (const index of batch.written.slice(batch.accepted)) {
      failures.push({ index, error: this.#closedError(`emit ${show(events[index].type)}`) });
    }
    if (failures.length === 0) return;
    throw new BatchError(failures.sort((a, b) => a.index - b.index), events.length);
  }

  async enqueue(event: BusEvent, options: EnqueueOptions = {}): Promise<void> {
    check("enqueue an event", "event", event, OBJECT);
    checkOptions("enqueue an event", options, ENQUEUE_RULES);
    options.signal?.throwIfAborted();
    if (this.closed) throw this.#closedError("enqueue an event");
    if (this.#waiters.size === 0 && this.#tryToEmit(event)) return;
    const accepted = this.#waiters.wait(event, options, this.#lanes.layout.capacity);
    void this.#serveWaiters();
    try {
      await accepted;
    } finally {
      if (this.#waiters.size === 0) this.#wakeUp();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#writer.isDirty) this.#publish();
    this.#waiters.refuse(this.#closedError("enqueue an event"));
    producers.delete(this);
    const { cells, layout } = this.#lanes;
    stayAwake(cells, this.#node);
    cells.notify(this.#node + NODE_PARK);
    leaveLane(cells, this.#node);
    wake(cells, layout.node(0));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Encodes an event, and finds out whether it may be written at all. */
  #plan(event: BusEvent): void {
    const type: unknown = event?.type;
    if (typeof type !== "string" || type === "") {
      check("emit", "event", event, OBJECT);
      refuse("emit", "type", "a non-empty string", type);
    }
    const encoder = this.#encoder;
    if (encoder.isBusy) {
      throw new TypeError(
        `Cannot emit ${show(type)} as another event is being written: what writes it must not emit`,
      );
    }
    // Somebody else may number types in this lane now.
    if (this.#isClosed) this.#refuseClosed(type);
    if (type !== this.#type) {
      this.#topic = this.#topics.numberOf(type);
      this.#type = type;
    }
    encoder.encode(event, this.#topic !== NO_TOPIC);
    // A getter, a `toJSON` or a codec may have done it: from then on the lane is not ours.
    if (this.#isClosed) this.#refuseClosed(type);
    if (encoder.size <= this.#limit) return;
    throw new RangeError(
      `Cannot emit ${show(type)} as it takes ${encoder.size} bytes: at most a quarter of a lane ` +
        `may be used, ${this.#limit} bytes; raise 'capacity'`,
    );
  }

  #hasRoom(): boolean {
    return this.#writer.hasRoom(this.#encoder.size);
  }

  /**
   * Whether there is room for the planned event.
   *
   * @throws {BusClosedError} If there never will be. Where there is, publishing tells of the end.
   */
  #findRoom(type: string): boolean {
    if (this.#hasRoom()) return true;
    if (this.closed) this.#refuseClosed(type);
    return false;
  }

  /** Makes room for the planned event as the options say; says whether it may be written. */
  #makeRoom(event: BusEvent): boolean {
    const { type } = event;
    if (this.#findRoom(type)) return true;
    const { overflow, blockTimeout, home } = this.#settings;
    const { cells } = this.#lanes;
    if (overflow === "drop-newest") {
      this.#drop(event);
      return false;
    }
    if (overflow === "error") this.#refuseFull(type, "the lane is full");
    if (home !== undefined) {
      this.#refuseFull(type, "the lane is full and the thread of the bus must not wait for itself");
    }
    if (this.#writer.isDirty) this.#publish();
    const isOver = () => this.#hasRoom() || this.closed;
    const isWaiting = this.#waiters.size > 0;
    if (!waitForRoom(cells, this.#node, blockTimeout, isOver, isWaiting)) {
      this.#refuseFull(type, `there was no room in the lane for ${blockTimeout} ms`);
    }
    if (this.closed) this.#refuseClosed(type);
    return true;
  }

  #write(): void {
    const { size } = this.#encoder;
    const at = this.#writer.claim(size);
    this.#encoder.write(this.#lanes.cells, at, this.#topic, 0);
    this.#writer.commit(size, true);
    this.#encoder.forget();
  }

  /** Lets home see what is written; says whether it takes it. */
  #publish(): boolean {
    const { cells, layout } = this.#lanes;
    const position = this.#writer.publish();
    wake(cells, layout.node(0));
    this.#settings.home?.hurry();
    const accepted = isAccepted(cells, this.#node, position);
    if (accepted && this.#batch !== undefined) this.#batch.accepted = this.#batch.written.length;
    return accepted;
  }

  /** Emits an event if there is room. */
  #tryToEmit(event: BusEvent): boolean {
    this.#plan(event);
    if (!this.#findRoom(event.type)) return false;
    this.#write();
    if (!this.#publish()) this.#refuseClosed(event.type);
    return true;
  }

  /** Accepts the calls of `enqueue` that wait, as room comes. */
  async #serveWaiters(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    const { cells } = this.#lanes;
    // What waits in the background keeps no process.
    const handle = setInterval(() => {}, 2 ** 30);
    while (!this.#isClosed && this.#waiters.size > 0) {
      cells.store(this.#node + NODE_WANTS_ROOM, 1);
      announceSleep(cells, this.#node);
      this.#waiters.admit((event) => this.#tryToEmit(event));
      if (this.#isClosed || this.#waiters.size === 0) break;
      const { async, value } = cells.waitAsync(this.#node + NODE_PARK, 1);
      if (async) await value;
    }
    clearInterval(handle);
    this.#isServing = false;
    if (this.#isClosed) return;
    cells.store(this.#node + NODE_WANTS_ROOM, 0);
    stayAwake(cells, this.#node);
  }

  /** Ends a sleep of this thread itself. */
  #wakeUp(): void {
    if (!this.#isClosed) wake(this.#lanes.cells, this.#node);
  }

  #drop(event: BusEvent): void {
    const { cells } = this.#lanes;
    const { type } = event;
    const word = this.#node + NODE_DROPPED;
    cells.store(word, (cells.get(word) + 1) | 0);
    this.#encoder.forget();
    void this.#tell({ reason: "overflow", count: 1, type, event });
  }

  async #tell(report: DropReport): Promise<void> {
    try {
      await this.#settings.onDrop?.(report);
    } catch (error) {
      print("The hook 'onDrop' failed:", error);
    }
  }

  #closedError(attempt: string): BusClosedError {
    return new BusClosedError(attempt, this.#isClosed ? "producer" : "bus");
  }

  #refuseClosed(type: string): never {
    throw this.#closedError(`emit ${show(type)}`);
  }

  #refuseFull(type: string, reason: string): never {
    throw new QueueFullError(type, this.#lanes.layout.capacity, reason, "bytes");
  }
}

/** Lets go of all lanes of this thread, as it ends. */
function closeAll(): void {
  for (const producer of producers) producer.close();
}
