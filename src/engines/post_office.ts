import { HEADER_STATE, NODE_STOP, RING_HANDLED, RING_HEAD } from "../ring/layout.ts";
import { createCopy, unpack, Unsent } from "../ring/mirror.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { HOME } from "./mesh.ts";
import type { Thread } from "../runtime/thread.ts";
import type { Layout } from "../ring/layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** What sends to the other side: a thread, or the port of one. */
type Sender = Pick<Thread, "send">;

/** What home tells a thread that shares no memory with it. */
export interface Copy {
  readonly threads: number;
  readonly capacity: number;
  /** All that the thread has to know of the memory. */
  readonly packed: Int32Array;
}

/** Packed words on their way: modules may send messages of their own beside. */
export interface Parcel {
  readonly beat: Int32Array;
}

/** Whether a message holds packed words. */
export function isParcel(message: unknown): message is Parcel {
  return (message as Partial<Parcel> | null)?.beat instanceof Int32Array;
}

/** Sends packed words. */
export function sendParcel({ send }: Sender, packed: Int32Array<ArrayBuffer>): void {
  if (packed.length > 0) send({ beat: packed }, [packed.buffer]);
}

/**
 * Stands in for shared memory at home. Every thread tells home what it has changed, and home tells
 * the others: so home has all rings, as recovery needs them, whoever dies.
 */
export class PostOffice {
  readonly cells: Cells;
  readonly #layout: Layout;
  /** By node, the threads that listen. */
  readonly #links: ({ unsent: Unsent; thread: Sender } | undefined)[] = [];
  #isScheduled = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.cells = createCopy(layout.bytes, () => this.#schedule());
  }

  /** Writes to a thread from now on; gives what it has to know before. */
  open(node: number, thread: Sender): Copy {
    const layout = this.#layout;
    const unsent = new Unsent(this.cells);
    unsent.add(0, layout.topics(HOME));
    unsent.addTopics(layout, node);
    for (let other = 0; other <= layout.threads; other++) {
      unsent.add(layout.ring(node, other).words, RING_HANDLED + 1);
      unsent.add(layout.ring(other, node).words, RING_HANDLED + 1);
    }
    unsent.addFrames(layout.ring(node, node));
    this.#links[node] = { unsent, thread };
    const { threads, capacity } = layout;
    return { threads, capacity, packed: this.#pack(node, unsent) };
  }

  /** Writes to a thread no more. */
  close(node: number): void {
    this.#links[node] = undefined;
  }

  /** Takes what a thread has sent, unless it is gone, and its rings are in order; whether it did. */
  receive(node: number, message: unknown): boolean {
    if (this.#links[node] === undefined || !isParcel(message)) return false;
    unpack(this.cells, message.beat);
    this.#schedule();
    return true;
  }

  /** Packs what a thread does not know, of all that concerns it. */
  #pack(node: number, unsent: Unsent): Int32Array<ArrayBuffer> {
    const layout = this.#layout;
    // Beside it stands what a flush wants.
    unsent.addChanged(HEADER_STATE, 2);
    unsent.addChanged(layout.node(node) + NODE_STOP, 1);
    for (let other = 0; other <= layout.threads; other++) {
      if (other === node) continue;
      unsent.addTopics(layout, other);
      unsent.addFrames(layout.ring(other, node));
      unsent.addChanged(layout.ring(node, other).words + RING_HEAD, 2);
    }
    return unsent.pack();
  }

  /** Sends what changes until the event loop has had a turn, in one message to each thread. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    scheduleMacrotask(() => {
      this.#isScheduled = false;
      for (const [node, link] of this.#links.entries()) {
        if (link !== undefined) sendParcel(link.thread, this.#pack(node, link.unsent));
      }
    });
  }
}
