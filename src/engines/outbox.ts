import { QueueFullError, ThreadFailedError } from "../core/errors.ts";
import { show } from "../options/refusal.ts";
import { DATA, FLAG, FRAME, FRAME_HEADER, padFrame } from "../ring/frame.ts";
import { FrameEncoder } from "../ring/frame_encoder.ts";
import { NODE } from "../ring/layout.ts";
import { announceSleep, stayAwake } from "../ring/park.ts";
import { NO_TOPIC } from "../ring/topic_table.ts";
import { pause } from "../runtime/shared_cells.ts";
import { hashKey } from "./key_hash.ts";
import { HOME, type Mesh } from "./mesh.ts";
import type { BusEvent } from "../core/event.ts";
import type { Resolution } from "../core/resolution.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Route, Routes } from "./routes.ts";

/** What an outbox does with an event that finds a ring full. */
export interface OutboxOptions {
  overflow: "block" | "error" | "drop-newest";
  blockTimeout: number;
  valueCodec?: ValueCodec | undefined;
}

/** Sends events of one thread to the threads that want them. */
export class Outbox {
  readonly #mesh: Mesh;
  readonly #routes: Routes;
  readonly #encoder: FrameEncoder;
  /** For what threads tell each other, in which no codec of the user has a say. */
  readonly #noteEncoder = new FrameEncoder();
  readonly #options: OutboxOptions;
  readonly #maxFrame: number;
  /** Where the planned event goes: all handlers of the first, those of every thread in the rest. */
  readonly #targets: number[] = [];
  #type = "";
  #topic = NO_TOPIC;
  #size = 0;
  /** Counts the events without a key, to take turns. */
  #turn = 0;
  #isBatching = false;
  /** Whether the planned event goes to one thread for all its handlers, beside home. */
  #hasWorker = false;
  #isBusy = false;
  /** Whether somebody else waits for room. */
  hasWaiters = false;

  constructor(mesh: Mesh, routes: Routes, options: OutboxOptions) {
    this.#mesh = mesh;
    this.#routes = routes;
    this.#encoder = new FrameEncoder(options.valueCodec);
    this.#options = options;
    this.#maxFrame = mesh.layout.capacity / 4;
  }

  /**
   * Finds out where an event goes, and encodes it; says whether any thread wants it.
   *
   * @throws {TypeError} If it cannot be encoded.
   * @throws {RangeError} If it is too large.
   * @throws {ThreadFailedError} If the thread of its key has failed.
   */
  plan(resolution: Resolution, event: BusEvent): boolean {
    this.checkBusy(resolution.type);
    const route = this.#aim(resolution);
    if (route === undefined) return false;
    // Getters, `toJSON` and codecs of the user run in here.
    this.#isBusy = true;
    try {
      this.#encoder.encode(event, this.#topic !== NO_TOPIC);
    } finally {
      this.#isBusy = false;
    }
    this.#choose(route, this.#encoder.size, event.key);
    return true;
  }

  /** Whether the planned event fits into all rings that it goes to. */
  hasRoom(): boolean {
    const { writers } = this.#mesh;
    for (const node of this.#targets) if (!writers[node]!.hasRoom(this.#size)) return false;
    return true;
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
    if (!this.#waitForRoom(blockTimeout)) {
      this.#refuse(`there was no room in a ring for ${blockTimeout} ms`);
    }
    return true;
  }

  /** Writes the planned event, for which there is room. */
  commit(): void {
    const { cells, writers } = this.#mesh;
    const encoder = this.#encoder;
    const size = this.#size;
    let isFirst = this.#hasWorker;
    for (const node of this.#targets) {
      const writer = writers[node]!;
      const at = writer.claim(size);
      encoder.write(cells, at, this.#topic, isFirst || node === HOME ? 0 : FLAG.EACH);
      writer.commit(size, true);
      isFirst = false;
      if (!this.#isBatching) this.#mesh.publish(node);
    }
    encoder.forget();
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
    this.#encoder.encode(
      { type: resolution.type, data: undefined, ...(key === undefined ? {} : { key }) },
      this.#topic !== NO_TOPIC,
    );
    const padded = padFrame(length);
    this.#choose(route, this.#encoder.size + padded, key);
    return true;
  }

  /** Writes the event of `planFilled`, for which there is room; gives where its data begins. */
  commitFilled(length: number, fill: (bytes: Uint8Array, at: number, length: number) => void) {
    const { cells, writers } = this.#mesh;
    const size = this.#size;
    let first = -1;
    for (const node of this.#targets) {
      const writer = writers[node]!;
      const at = writer.claim(size);
      const start = at + FRAME_HEADER;
      const flags = first < 0 && this.#hasWorker || node === HOME ? 0 : FLAG.EACH;
      if (first < 0) {
        this.fill(() => fill(cells.bytes, start, length));
        first = start;
      } else cells.bytes.copyWithin(start, first, first + length);
      this.#encoder.writeAfter(
        cells,
        at,
        this.#topic,
        flags | DATA.BYTES << FLAG.DATA_SHIFT,
        length,
      );
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
    if (this.#isBusy) {
      throw new TypeError(
        `Cannot emit ${show(type)} as another event is being written: what writes it must not emit`,
      );
    }
  }

  /** Sends a failure or a note to one thread, if there is room; says whether it did. */
  sendTo(node: number, event: BusEvent, kind: number, report?: string): boolean {
    const { cells, writers } = this.#mesh;
    const encoder = kind === FLAG.NOTE ? this.#noteEncoder : this.#encoder;
    encoder.encode(event, false, kind, report);
    const writer = writers[node]!;
    if (encoder.size > this.#maxFrame || !writer.hasRoom(encoder.size)) return false;
    const at = writer.claim(encoder.size);
    encoder.write(cells, at, NO_TOPIC, 0);
    writer.commit(encoder.size, false);
    encoder.forget();
    this.#mesh.publish(node);
    return true;
  }

  #aim(resolution: Resolution): Route | undefined {
    const route = this.#routes.of(resolution);
    if (route.workers.length === 0 && route.each.length === 0 && !route.home) return undefined;
    if (route.topic < NO_TOPIC) route.topic = this.#mesh.topics.numberOf(resolution.type);
    this.#type = resolution.type;
    this.#topic = route.topic;
    return route;
  }

  #choose(route: Route, size: number, key: string | undefined): void {
    if (size > this.#maxFrame) {
      throw new RangeError(
        `Cannot emit ${show(this.#type)} to another thread as it takes ${size} bytes: at most a ` +
          `quarter of a ring may be used, ${this.#maxFrame} bytes; raise 'capacity'`,
      );
    }
    this.#size = size;
    const targets = this.#targets;
    targets.length = 0;
    const { workers, each, home } = route;
    this.#hasWorker = workers.length > 0;
    if (this.#hasWorker) {
      const chosen = key === undefined ? this.#takeTurn(workers, size) : this.#ofKey(key);
      targets.push(chosen);
    }
    for (const node of each) if (node !== targets[0]) targets.push(node);
    if (home) targets.push(HOME);
  }

  /** The next thread that has room; the next one at all if none has. */
  #takeTurn(workers: readonly number[], size: number): number {
    const { writers } = this.#mesh;
    const first = this.#turn++;
    let fallback = -1;
    for (let i = 0; i < workers.length; i++) {
      const node = workers[(first + i) % workers.length];
      if (this.#routes.isGone(node)) continue;
      if (fallback < 0) fallback = node;
      if (writers[node]!.hasRoom(size)) return node;
    }
    if (fallback < 0) this.#fail(workers[0]);
    return fallback;
  }

  #ofKey(key: string): number {
    const node = 1 + hashKey(key) % this.#mesh.layout.threads;
    if (this.#routes.isGone(node)) this.#fail(node);
    return node;
  }

  #fail(node: number): never {
    throw new ThreadFailedError(`emit ${show(this.#type)}`, node - 1, "has failed");
  }

  /**
   * Blocks until the planned event fits; says whether it does. Where a thread must not block, as a
   * page, it spins.
   */
  #waitForRoom(timeout: number): boolean {
    const { cells, words } = this.#mesh;
    const end = performance.now() + timeout;
    try {
      cells.store(words + NODE.WANTS_ROOM, 1);
      for (;;) {
        // The readers look at `WANTS_ROOM` after they have moved the head, and then at `PARK`.
        announceSleep(cells, words);
        if (this.hasRoom()) return true;
        const left = end - performance.now();
        if (left <= 0) return false;
        try {
          cells.wait(words + NODE.PARK, 1, left);
        } catch {
          for (let i = 0; i < 1_000 && !this.hasRoom(); i++) pause();
        }
      }
    } finally {
      cells.store(words + NODE.WANTS_ROOM, this.hasWaiters ? 1 : 0);
      stayAwake(cells, words);
      // The same word may have put this thread's event loop to sleep: nobody else would wake it.
      cells.notify(words + NODE.PARK);
    }
  }

  #refuse(reason: string): never {
    throw new QueueFullError(this.#type, this.#mesh.layout.capacity, reason, "bytes");
  }
}

/** The words of a frame that tell what it is. */
export function flagsOf(mesh: Mesh, word: number): number {
  return mesh.cells.get(word + FRAME.FLAGS);
}
