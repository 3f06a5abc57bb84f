import {
  FLAG_EVENT,
  FLAG_KIND,
  FRAME_FLAGS,
  FRAME_MARK,
  FRAME_SIZE,
  MARK_READY,
  MARK_STARTED,
  PADDING,
} from "../ring/frame.ts";
import {
  Layout,
  NODE_ANSWER,
  NODE_HEARTBEAT,
  NODE_TOPICS,
  RING_HEAD,
  type RingPlace,
} from "../ring/layout.ts";
import { createCopy, unpack, Unsent } from "../ring/mirror.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { Mesh } from "./mesh.ts";
import { type Copy, sendParcel } from "./post_office.ts";
import type { Cells } from "../runtime/shared_cells.ts";
import type { RingReader } from "../ring/ring_reader.ts";
import type { ThreadPort } from "../runtime/thread.ts";

/** Milliseconds that a thread handles events before it hears what others tell, such as to stop. */
const LONGEST_TURN = 5;
/** Most events that are announced together, and milliseconds in which so many must be handled. */
const MOST_ANNOUNCED = 64;
const QUICK = 1;

/**
 * Stands in for shared memory in a started thread, and tells home in time what this thread has
 * done:
 *
 * - that an event begins, before its handlers are called: if the thread dies, it is in doubt. While
 *   events are handled quickly, the next ones are announced with it. A thread of a flow bus says by
 *   itself when a batch begins;
 * - what the thread emits outside a handler, before `emit` returns: it is accepted then;
 * - all else before the event loop has a turn, or with the next one of these.
 */
export class HomeLink {
  readonly mesh: Mesh;
  /** Whether a handler is on the stack. */
  isInHandler: () => boolean = () => false;
  readonly #cells: Cells;
  readonly #unsent: Unsent;
  readonly #port: Pick<ThreadPort, "send">;
  /** Words of frames that this thread has marked. */
  #marks: number[] = [];
  /** Frames of which home has been told that they may have begun. */
  readonly #announced = new Set<number>();
  #announcedAt = 0;
  /** How many frames are announced together. */
  #ahead = 1;
  #wake = (_reason: "ok") => {};
  #isScheduled = false;
  #scheduledAt = 0;
  /** When this thread has last begun to handle events; 0 once its event loop has had a turn. */
  #turnStart = 0;
  #hasRefused = false;

  /** `isFlow` says whether events begin in batches. */
  constructor(
    { threads, capacity, packed }: Copy,
    node: number,
    port: Pick<ThreadPort, "send">,
    isFlow = false,
  ) {
    const layout = new Layout(threads, capacity);
    this.#port = port;
    const cells = this.#cells = createCopy(layout.bytes, () => this.#schedule());
    cells.waitAsync = () => ({ async: true, value: new Promise((wake) => this.#wake = wake) });
    this.#unsent = new Unsent(cells);
    unpack(cells, packed);
    this.mesh = new Mesh(cells, layout, node);
    // What home has told is not to be told home.
    this.#collect();
    this.#unsent.pack();
    this.#watch(cells);
    for (const [from, reader] of this.mesh.readers.entries()) {
      // No handler runs while a flow bus reads.
      if (!isFlow) this.#follow(reader!, layout.ring(from, node));
    }
    const publish = this.mesh.publish.bind(this.mesh);
    this.mesh.publish = (to) => {
      publish(to);
      if (!this.isInHandler()) this.flush();
    };
  }

  /** Takes what home has sent. */
  receive(packed: Int32Array): void {
    unpack(this.#cells, packed);
    this.#wake("ok");
  }

  /** Tells home at the end of this thread exactly what has begun. */
  end(): void {
    for (const word of this.#announced) this.#cells.set(word + FRAME_MARK, MARK_READY);
    this.#announced.clear();
    this.flush();
  }

  /** Tells home at once what it does not know. */
  flush(): void {
    this.#collect();
    for (const mark of this.#marks) this.#unsent.add(mark, 1);
    this.#marks = [];
    sendParcel(this.#port, this.#unsent.pack());
  }

  #collect(): void {
    const { layout, self, words } = this.mesh;
    const unsent = this.#unsent;
    for (let node = 0; node <= layout.threads; node++) {
      unsent.addFrames(layout.ring(self, node));
      unsent.addChanged(layout.ring(node, self).words + RING_HEAD, 3);
    }
    unsent.addTopics(layout, self);
    unsent.addChanged(words + NODE_ANSWER, NODE_TOPICS - NODE_ANSWER);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduledAt = performance.now();
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Learns what is written to this thread's counters, and which frames it marks. */
  #watch(cells: Cells): void {
    const { layout, self, words } = this.mesh;
    const nodes = layout.threads + 1;
    const rings = layout.ring(0, 1).words;
    const ring = layout.ring(0, 2).words - rings;
    const memory = cells.words;
    cells.set = (index, value) => {
      memory[index] = value;
      if (index === words + NODE_HEARTBEAT) this.#showLife();
      else if (index < words + NODE_TOPICS) this.#schedule();
      else if (index >= rings && ((index - rings) / ring | 0) % nodes === self - 1) {
        // A frame that is read is marked twice, one after the other.
        if (this.#marks.at(-1) !== index) this.#marks.push(index);
      }
    };
  }

  /** Tells that this thread lives: at once, where a batch has kept that from home for long. */
  #showLife(): void {
    this.#schedule();
    const now = performance.now();
    if (now - this.#scheduledAt < LONGEST_TURN) return;
    this.#scheduledAt = now;
    this.flush();
  }

  #follow(reader: RingReader, place: RingPlace): void {
    const start = reader.start.bind(reader);
    const peek = reader.peek.bind(reader);
    const hasNext = reader.hasNext.bind(reader);
    reader.start = (word) => {
      start(word);
      if (!this.#announced.delete(word)) this.#announce(reader, place);
    };
    reader.peek = () => this.#isTurnOver() ? -1 : peek();
    reader.hasNext = () => !this.#isTurnOver() && hasNext();
  }

  /** Tells that an event begins, and as many of the next ones as will be handled in no time. */
  #announce(reader: RingReader, { data, capacity }: RingPlace): void {
    const cells = this.#cells;
    const now = performance.now();
    const isQuick = now - this.#announcedAt < QUICK;
    this.#announcedAt = now;
    this.#ahead = isQuick ? Math.min(this.#ahead * 2, MOST_ANNOUNCED) : 1;
    let at = reader.next;
    for (let left = this.#ahead - 1; left > 0 && at !== reader.end; left--) {
      const word = (data + (at & (capacity - 1))) >> 2;
      const size = cells.get(word + FRAME_SIZE);
      at = (at + (size & ~PADDING)) | 0;
      if ((size & PADDING) !== 0 || (cells.get(word + FRAME_FLAGS) & FLAG_KIND) !== FLAG_EVENT) {
        continue;
      }
      if (cells.get(word + FRAME_MARK) !== MARK_READY) continue;
      cells.set(word + FRAME_MARK, MARK_STARTED);
      this.#announced.add(word);
    }
    this.flush();
  }

  #isTurnOver(): boolean {
    if (this.#turnStart > 0) {
      return this.#hasRefused ||= performance.now() - this.#turnStart > LONGEST_TURN;
    }
    this.#turnStart = performance.now();
    scheduleMacrotask(() => {
      this.#turnStart = 0;
      // It may have gone to sleep as there seemed to be nothing.
      if (this.#hasRefused) this.#wake("ok");
      this.#hasRefused = false;
    });
    return false;
  }
}
