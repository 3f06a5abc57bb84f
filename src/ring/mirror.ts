/**
 * Memory that threads cannot share: each thread has a copy of the whole layout, and tells by packed
 * words what it has changed. Every word has one thread that writes it, so a word can be sent as it
 * is now, and sent again.
 *
 * @module
 */

import { SharedCells } from "../runtime/shared_cells.ts";
import {
  type Layout,
  NODE_TOPICS,
  RING_HEAD,
  RING_WRITTEN,
  type RingPlace,
  TOPIC_LIMIT,
} from "./layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/**
 * Makes a copy, for one thread. `onStore` is called after each store, of which others may have to
 * hear; a wait in the background ends only for who puts something else into its place.
 */
export function createCopy(bytes: number, onStore: () => void): Cells {
  const cells = new SharedCells(new ArrayBuffer(bytes));
  const { words } = cells;
  return Object.assign(cells, {
    store(index: number, value: number) {
      words[index] = value;
      onStore();
    },
    waitAsync: () => ({ async: true, value: new Promise<"ok">(() => {}) }) as const,
  });
}

/** Writes words that another thread has packed. */
export function unpack({ words }: Cells, packed: Int32Array): void {
  for (let at = 0; at < packed.length;) {
    const from = at + 2;
    at = from + packed[at + 1];
    words.set(packed.subarray(from, at), packed[from - 2]);
  }
}

/** What one other thread has not been told yet. */
export class Unsent {
  readonly #words: Int32Array;
  /** What a word held when it was last sent. */
  readonly #sent = new Map<number, number>();
  /** Index and number of words to send, in turn. */
  #ranges: number[] = [];
  /** Words that they take, packed. */
  #size = 0;

  constructor(cells: Cells) {
    this.#words = cells.words;
  }

  /** Adds words, changed or not. */
  add(at: number, count: number): void {
    if (count === 0) return;
    this.#ranges.push(at, count);
    this.#size += count + 2;
  }

  /** Adds words if one of them has changed. */
  addChanged(at: number, count: number): void {
    let isChanged = false;
    for (let word = at; word < at + count; word++) {
      const now = this.#words[word];
      if (this.#sent.get(word) === now) continue;
      this.#sent.set(word, now);
      isChanged = true;
    }
    if (isChanged) this.add(at, count);
  }

  /** Adds the frames that were written since, and how far the ring has got. */
  addFrames({ words, data, capacity }: RingPlace): void {
    // A reader is told of a frame before it handles it, so none of these has been written over.
    const from = this.#sent.get(words + RING_WRITTEN) ?? this.#words[words + RING_HEAD];
    const start = from & (capacity - 1);
    const length = (this.#words[words + RING_WRITTEN] - from) | 0;
    const first = Math.min(length, capacity - start);
    this.add((data + start) >> 2, first >> 2);
    this.add(data >> 2, (length - first) >> 2);
    this.addChanged(words, 3);
  }

  /** Adds the topics that a node has named since. */
  addTopics(layout: Layout, node: number): void {
    const words = layout.node(node) + NODE_TOPICS;
    const entries = layout.topics(node);
    const before = (word: number) => this.#sent.get(word) ?? 0;
    const count = before(words);
    const bytes = before(words + 1);
    this.add(entries + count * 2, (this.#words[words] - count) * 2);
    this.add(entries + TOPIC_LIMIT * 2 + bytes / 4, (this.#words[words + 1] - bytes) / 4);
    this.addChanged(words, 2);
  }

  /** Packs all that was added, each range behind its index and number of words. */
  pack(): Int32Array<ArrayBuffer> {
    const packed = new Int32Array(this.#size);
    let to = 0;
    for (let i = 0; i < this.#ranges.length; i += 2) {
      const [at, count] = [this.#ranges[i], this.#ranges[i + 1]];
      packed[to] = at;
      packed[to + 1] = count;
      packed.set(this.#words.subarray(at, at + count), to + 2);
      to += count + 2;
    }
    this.#ranges = [];
    this.#size = 0;
    return packed;
  }
}
