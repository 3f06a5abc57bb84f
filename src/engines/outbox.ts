import { QueueFullError, ThreadFailedError } from "../core/errors.ts";
import { show } from "../options/refusal.ts";
import {
  DATA_BYTES,
  FLAG_DATA_SHIFT,
  FLAG_EACH,
  FLAG_NOTE,
  FRAME_HEADER,
  padFrame,
} from "../ring/frame.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { NODE_WANTS_ROOM } from "../ring/layout.ts";
import { waitForRoom, type WaitingPulse } from "../ring/room.ts";
import { NO_TOPIC } from "../ring/topic_table.ts";
import { fnv1a } from "./fnv1a.ts";
import { HOME, type Mesh } from "./mesh.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { BatchSettings } from "./flow_options.ts";
import type { Route, Routes } from "./routes.ts";

/** What an outbox does with an event that finds a ring full. */
export interface OutboxOptions {
  overflow: "block" | "error" | "drop-newest";
  blockTimeout: number;
  valueCodec?: ValueCodec | undefined;
  /** On a flow bus: events without a key have their type as key, but for those to be spread. */
  flow?: BatchSettings | undefined;
}

/** No node. */
const NOBODY = -1;

/** Sends events of one thread to the threads that want them. */
export class Outbox {
  readonly #mesh: Mesh;
  readonly #routes: Routes;
  readonly #encoder: FrameEncoder;
  /** For what threads tell each other, in which no codec of the user has a say. */
  readonly #noteEncoder = new FrameEncoder();
  readonly #options: OutboxOptions;
  /** Most bytes of a frame. */
  readonly maxFrame: number;
  readonly #schedule: () => void;
  readonly #pulse: WaitingPulse | undefined;
  /** The planned event: what is known of its type, its bytes, and the thread that is chosen. */
  #route!: Route;
  #size = 0;
  #worker = NOBODY;
  /** Counts the events without a key, to take turns. */
  #turn = 0;
  #isBatching = false;
  #isBusy = false;
  /** Whether somebody else waits for room. */
  hasWaiters = false;

  /**
   * `schedule` lets whoever waits for room have a turn soon; `pulse` shows that the thread lives
   * while it stands still for it.
   */
  constructor(
    mesh: Mesh,
    routes: Routes,
    options: OutboxOptions,
    schedule: () => void,
    pulse?: WaitingPulse,
  ) {
    this.#schedule = schedule;
    this.#pulse = pulse;
    this.#mesh = mesh;
    this.#routes = routes;
    this.#encoder = new FrameEncoder(options.valueCodec);
    this.#options = options;
    this.maxFrame = mesh.layout.capacity / 4;
  }

  /**
   * Finds out where an event goes, and encodes it; says whether any thread wants it.
   *
   * @throws {TypeError} If it cannot be encoded.
   * @throws {RangeError} If it is too large.
   * @throws {ThreadFailedError} If the thread of its key has failed.
   */
  plan(resolution: Resolution, event: BusEvent): boolean {
    if (this.#isBusy || this.#encoder.isBusy) this.checkBusy(resolution.type);
    const route = this.#aim(resolution);
    if (route === undefined) return false;
    const encoder = this.#encoder;
    encoder.encode(event, route.topic !== NO_TOPIC);
    this.#choose(route, encoder.size, encoder.key);
    return true;
  }

  /** Whether the planned event fits into all rings that it goes to. */
  hasRoom(): boolean {
    const { writers } = this.#mesh;
    const size = this.#size;
    if (this.#worker !== NOBODY && !writers[this.#worker]!.hasRoom(size)) return false;
    return this.#route.isPlain || this.#others().every((node) => writers[node]!.hasRoom(size));
  }

  /**
   * Makes room for the planned event as the options say; says whether it may be sent.
   *
   * @throws {QueueFullError} If there is none in time.
   */
  makeRoom(isInHandler: boolean): boolean {
    if (this.hasRoom()) return true;
    const { overflow, blockTimeout } = this.#options;
    if (overflow === "drop-newest") return false;
    if (overflow === "error") this.#refuse("a ring is full");
    if (isInHandler) this.#refuse("a ring is full and a handler must not wait for it");
    this.flush();
    const { cells, words } = this.#mesh;
    const hasRoom = () => this.hasRoom();
    if (!waitForRoom(cells, words, blockTimeout, hasRoom, this.hasWaiters, this.#pulse)) {
      this.#refuse(`there was no room in a ring for ${blockTimeout} ms`);
    }
    return true;
  }

  /** Writes the planned event, for which there is room. */
  commit(): void {
    if (this.#worker !== NOBODY) this.#write(this.#worker, 0);
    if (!this.#route.isPlain) {
      for (const node of this.#others()) this.#write(node, node === HOME ? 0 : FLAG_EACH);
    }
    this.#encoder.forget();
  }

  /** Lets who waits for room have a turn soon, and whenever there may be some. */
  awaitRoom(): void {
    const { cells, words } = this.#mesh;
    this.hasWaiters = true;
    cells.store(words + NODE_WANTS_ROOM, 1);
    this.#schedule();
  }

  /** Runs `action`; what is sent meanwhile can be read after it, or when a ring is full. */
  batch(action: () => void): void {
    if (this.#isBatching) return action();
    this.#isBatching = true;
    try {
      action();
    } finally {
      this.#isBatching = false;
      this.flush();
    }
  }

  /** Lets all threads see what was written for them. */
  flush(): void {
    for (const [node, writer] of this.#mesh.writers.entries()) {
      if (writer?.isDirty) this.#mesh.publish(node);
    }
  }

  /**
   * Plans an event whose data `fill` will write; says whether any thread wants it.
   *
   * @throws {RangeError} If it is too large.
   */
  planFilled(resolution: Resolution, length: number, key: string | undefined): boolean {
    this.checkBusy(resolution.type);
    const route = this.#aim(resolution);
    if (route === undefined) return false;
    const event = { type: route.type, data: undefined, ...(key === undefined ? {} : { key }) };
    this.#encoder.encode(event, route.topic !== NO_TOPIC);
    // What is padded wraps where the length is far too large.
    this.#choose(route, Math.max(length, this.#encoder.size + padFrame(length)), key);
    return true;
  }

  /** Writes the event of `planFilled`, for which there is room; gives where its data begins. */
  commitFilled(length: number, fill: (bytes: Uint8Array, at: number, length: number) => void) {
    const { cells, writers } = this.#mesh;
    const size = this.#size;
    const { topic } = this.#route;
    const targets = this.#worker === NOBODY ? this.#others() : [this.#worker, ...this.#others()];
    let first = -1;
    for (const node of targets) {
      const writer = writers[node]!;
      const at = writer.claim(size);
      const start = at + FRAME_HEADER;
      const flags = node === this.#worker || node === HOME ? 0 : FLAG_EACH;
      if (first < 0) {
        this.fill(() => fill(cells.bytes, start, length));
        first = start;
      } else cells.bytes.copyWithin(start, first, first + length);
      this.#encoder.writeAfter(cells, at, topic, flags | DATA_BYTES << FLAG_DATA_SHIFT, length);
      writer.commit(size, true);
      this.#mesh.publish(node);
    }
    return first;
  }

  /** Runs what fills memory: nothing may be emitted meanwhile. */
  fill(action: () => void): void {
    this.#isBusy = true;
    try {
      action();
    } finally {
      this.#isBusy = false;
    }
  }

  /** @throws {TypeError} If an event is being written. */
  checkBusy(type: string): void {
    if (this.#isBusy || this.#encoder.isBusy) {
      throw new TypeError(
        `Cannot emit ${show(type)} as another event is being written: what writes it must not emit`,
      );
    }
  }

  /** Whether a frame holds a note at all. */
  holds(note: unknown): boolean {
    this.#noteEncoder.encode({ type: "note", data: note }, false, FLAG_NOTE);
    return this.#noteEncoder.size <= this.maxFrame;
  }

  /** Sends a failure or a note to one thread, if there is room; says whether it did. */
  sendTo(node: number, event: BusEvent, kind: number, report?: string): boolean {
    const { cells, writers } = this.#mesh;
    // The frame that is being filled stands where this one would.
    if (this.#isBusy) return false;
    const encoder = kind === FLAG_NOTE ? this.#noteEncoder : this.#encoder;
    encoder.encode(event, false, kind, report);
    const writer = writers[node]!;
    if (encoder.size > this.maxFrame || !writer.hasRoom(encoder.size)) return false;
    const at = writer.claim(encoder.size);
    encoder.write(cells, at, NO_TOPIC, 0);
    writer.commit(encoder.size, false);
    encoder.forget();
    this.#mesh.publish(node);
    return true;
  }

  #aim(resolution: Resolution): Route | undefined {
    const route = this.#routes.of(resolution);
    if (!route.hasWorkers && route.isPlain) return undefined;
    if (route.topic < NO_TOPIC) route.topic = this.#mesh.topics.numberOf(route.type);
    return route;
  }

  #choose(route: Route, size: number, key: string | undefined): void {
    this.#route = route;
    this.#size = size;
    if (size > this.maxFrame) this.#refuseSize();
    const { flow } = this.#options;
    if (flow !== undefined && !flow.spread.includes(route.type)) key ??= route.type;
    if (!route.hasWorkers) this.#worker = NOBODY;
    else if (key !== undefined) this.#worker = this.#ofKey(key);
    else this.#worker = this.#takeTurn(route.workers, size);
  }

  /** Where the planned event goes beside the thread that is chosen. */
  #others(): number[] {
    const { each, home } = this.#route;
    const nodes = each.filter((node) => node !== this.#worker);
    if (home) nodes.push(HOME);
    return nodes;
  }

  #write(node: number, flags: number): void {
    const size = this.#size;
    const writer = this.#mesh.writers[node]!;
    const at = writer.claim(size);
    this.#encoder.write(this.#mesh.cells, at, this.#route.topic, flags);
    writer.commit(size, true);
    if (!this.#isBatching) this.#mesh.publish(node);
  }

  /** The next thread that has room; the next one at all if none has. */
  #takeTurn(workers: readonly number[], size: number): number {
    const { writers } = this.#mesh;
    const count = workers.length;
    if (count === 0) this.#fail(1);
    let at = this.#turn + 1;
    if (at >= count) at = 0;
    this.#turn = at;
    const next = workers[at];
    if (writers[next]!.hasRoom(size)) return next;
    return workers.find((node) => writers[node]!.hasRoom(size)) ?? next;
  }

  #ofKey(key: string): number {
    const node = 1 + fnv1a(key) % this.#mesh.layout.threads;
    if (this.#routes.isGone(node)) this.#fail(node);
    return node;
  }

  #fail(node: number): never {
    throw new ThreadFailedError(`emit ${show(this.#route.type)}`, node - 1, "has failed");
  }

  #refuseSize(): never {
    throw new RangeError(
      `Cannot emit ${show(this.#route.type)} to another thread as it takes ${this.#size} bytes: ` +
        `at most a quarter of a ring may be used, ${this.maxFrame} bytes; raise 'capacity'`,
    );
  }

  #refuse(reason: string): never {
    throw new QueueFullError(this.#route.type, this.#mesh.layout.capacity, reason, "bytes");
  }
}
