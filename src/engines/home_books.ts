import {
  HEADER_STATE,
  NODE_BATCHED,
  NODE_BATCHES,
  NODE_DROPPED,
  NODE_FAILED,
  NODE_SEALED,
  NODE_UNWANTED,
  RING_EVENTS,
  RING_HANDLED,
  STATE_OPEN,
} from "../ring/layout.ts";
import { HOME, type Mesh } from "./mesh.ts";
import type { Ledger, RemoteBooks } from "../core/ledger.ts";

/**
 * Brings what all threads have counted into the books of the bus.
 *
 * What is finished is read before what has begun. Both only grow, and every event is counted as
 * begun before it can be finished; so if both come out equal, nothing was open at a moment between
 * the two readings.
 */
export class HomeBooks implements RemoteBooks {
  readonly #mesh: Mesh;
  readonly #ledger: Ledger;
  readonly #follow: () => void;
  /** What each counter had when it was last read, by its word. */
  readonly #seen = new Map<number, number>();
  /** Nodes that take nothing new for good. */
  readonly silent = new Set<number>();

  /** Batches that are through, and the events in them. */
  batches = 0;
  batched = 0;

  /** `follow` tells the threads how far the bus has gone: before anyone asks whether they know. */
  constructor(mesh: Mesh, ledger: Ledger, follow: () => void) {
    this.#mesh = mesh;
    this.#follow = follow;
    this.#ledger = ledger;
  }

  collect(): void {
    this.#follow();
    const ledger = this.#ledger;
    const { layout } = this.#mesh;
    const { threads } = layout;
    for (let to = 1; to <= threads; to++) {
      for (let from = 0; from <= threads; from++) {
        ledger.processed += this.#growth(layout.ring(from, to).words + RING_HANDLED);
      }
    }
    for (let node = 1; node <= threads; node++) {
      const words = layout.node(node);
      const unwanted = this.#growth(words + NODE_UNWANTED);
      const dropped = this.#growth(words + NODE_DROPPED);
      ledger.failed += this.#growth(words + NODE_FAILED);
      this.batches += this.#growth(words + NODE_BATCHES);
      this.batched += this.#growth(words + NODE_BATCHED);
      ledger.processed += unwanted;
      ledger.dropped += dropped;
      ledger.emitted += unwanted + dropped;
    }
    for (let from = 0; from <= threads; from++) {
      for (let to = 0; to <= threads; to++) {
        if (from === HOME && to === HOME) continue;
        ledger.emitted += this.#growth(layout.ring(from, to).words + RING_EVENTS);
      }
    }
  }

  get isOpen(): boolean {
    const { cells, layout } = this.#mesh;
    if (cells.load(HEADER_STATE) === STATE_OPEN) return false;
    for (let node = 1; node <= layout.threads; node++) {
      if (this.silent.has(node)) continue;
      if (cells.load(layout.node(node) + NODE_SEALED) === 0) return true;
    }
    // Counted again: a thread may have opened something, and only then have sealed itself.
    return this.#ledger.depth !== 0;
  }

  #growth(word: number): number {
    const now = this.#mesh.cells.load(word);
    const growth = (now - (this.#seen.get(word) ?? 0)) >>> 0;
    if (growth > 0) this.#seen.set(word, now);
    return growth;
  }
}
