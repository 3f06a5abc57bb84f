import {
  NODE_BATCHED,
  NODE_BATCHES,
  NODE_DROPPED,
  NODE_FAILED,
  NODE_HEARTBEAT,
  NODE_UNWANTED,
} from "../ring/layout.ts";
import type { Cells } from "../runtime/shared_cells.ts";
import type { Mesh } from "./mesh.ts";

/**
 * What a thread counts that no ring can tell, in the memory from which `HomeBooks` reads it. It
 * goes on where the thread before in its place has ended.
 */
export class ThreadCounters {
  readonly #cells: Cells;
  readonly #words: number;
  readonly #failedBefore: number;
  #unwanted: number;
  #dropped: number;
  #batches: number;
  #batched: number;
  #beat: number;

  constructor({ cells, words }: Mesh) {
    this.#cells = cells;
    this.#words = words;
    this.#failedBefore = cells.get(words + NODE_FAILED);
    this.#unwanted = cells.get(words + NODE_UNWANTED);
    this.#dropped = cells.get(words + NODE_DROPPED);
    this.#batches = cells.get(words + NODE_BATCHES);
    this.#batched = cells.get(words + NODE_BATCHED);
    this.#beat = cells.get(words + NODE_HEARTBEAT);
    // Before it serves, so that nobody takes it for the one that had stopped here.
    this.showLife();
  }

  /** Notes how many handlers of this thread have failed. */
  noteFailed(failed: number): void {
    this.#cells.set(this.#words + NODE_FAILED, (this.#failedBefore + failed) | 0);
  }

  /** Counts an event that nobody wants. */
  countUnwanted(): void {
    this.#cells.set(this.#words + NODE_UNWANTED, ++this.#unwanted | 0);
  }

  /** Counts events that stages have added, and that are handled. */
  countAdded(events: number): void {
    this.#cells.set(this.#words + NODE_UNWANTED, (this.#unwanted += events) | 0);
  }

  /** Counts a batch that is through. */
  countBatch(events: number): void {
    this.#cells.set(this.#words + NODE_BATCHES, ++this.#batches | 0);
    this.#cells.set(this.#words + NODE_BATCHED, (this.#batched += events) | 0);
  }

  /** Counts an event for which there was no room. */
  countDropped(): void {
    this.#cells.set(this.#words + NODE_DROPPED, ++this.#dropped | 0);
  }

  /** Shows that the thread does something. */
  showLife(): void {
    this.#cells.set(this.#words + NODE_HEARTBEAT, ++this.#beat | 0);
  }
}
