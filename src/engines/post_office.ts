import { HEADER_STATE, NODE_STOP, RING_HANDLED, RING_HEAD } from "../ring/layout.ts";
import { createCopy, unpack, Unsent } from "../ring/mirror.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import { HOME } from "./mesh.ts";
import type { Layout } from "../ring/layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** Sends packed words to a thread. */
export type Post = (packed: Int32Array<ArrayBuffer>) => void;

/**
 * Stands in for shared memory at home. Every thread tells home what it has changed, and home tells
 * the others: so home has all rings, as recovery needs them, whoever dies.
 */
export class PostOffice {
  readonly cells: Cells;
  readonly #layout: Layout;
  /** By node, the threads that listen. */
  readonly #links: ({ unsent: Unsent; send: Post } | undefined)[] = [];
  #isScheduled = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.cells = createCopy(layout.bytes, () => this.#schedule());
  }

  /** Writes to a thread from now on; gives what it has to know before. */
  open(node: number, send: Post): Int32Array<ArrayBuffer> {
    const layout = this.#layout;
    const unsent = new Unsent(this.cells);
    unsent.add(0, layout.topics(HOME));
    unsent.addTopics(layout, node);
    for (let other = 0; other <= layout.threads; other++) {
      unsent.add(layout.ring(node, other).words, RING_HANDLED + 1);
      unsent.add(layout.ring(other, node).words, RING_HANDLED + 1);
    }
    unsent.addFrames(layout.ring(node, node));
    this.#links[node] = { unsent, send };
    return this.#pack(node, unsent);
  }

  /** Writes to a thread no more. */
  close(node: number): void {
    this.#links[node] = undefined;
  }

  /** Takes what a thread has sent, unless it is gone: its rings have been brought in order then. */
  receive(node: number, packed: Int32Array): void {
    if (this.#links[node] === undefined) return;
    unpack(this.cells, packed);
    this.#schedule();
  }

  /** Packs what a thread does not know, of all that concerns it. */
  #pack(node: number, unsent: Unsent): Int32Array<ArrayBuffer> {
    const layout = this.#layout;
    unsent.addChanged(HEADER_STATE, 1);
    unsent.addChanged(layout.node(node) + NODE_STOP, 1);
    for (let other = 0; other <= layout.threads; other++) {
      if (other === node) continue;
      unsent.addTopics(layout, other);
      unsent.addFrames(layout.ring(other, node));
      unsent.addChanged(layout.ring(node, other).words + RING_HEAD, 1);
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
        if (link === undefined) continue;
        const packed = this.#pack(node, link.unsent);
        if (packed.length > 0) link.send(packed);
      }
    });
  }
}
