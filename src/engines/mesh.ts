import {
  HEADER_CAPACITY,
  HEADER_THREADS,
  HEADER_VERSION,
  Layout,
  NODE_WANTS_ROOM,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
  VERSION,
} from "../ring/layout.ts";
import { wake } from "../ring/park.ts";
import { RingReader } from "../ring/ring_reader.ts";
import { RingWriter } from "../ring/ring_writer.ts";
import { TopicTable } from "../ring/topic_table.ts";
import { FrameError } from "../ring/frame.ts";
import { type Cells, SharedCells } from "../runtime/shared_cells.ts";

/** The thread that made the bus. */
export const HOME = 0;

/** What one thread has of the memory that all threads of a bus share. */
export class Mesh {
  readonly cells: Cells;
  readonly layout: Layout;
  /** This thread: {@linkcode HOME}, or 1 and up. */
  readonly self: number;
  /** Rings into this thread, by the node that writes them. */
  readonly readers: (RingReader | undefined)[] = [];
  /** Rings out of this thread, by the node that reads them. */
  readonly writers: (RingWriter | undefined)[] = [];
  readonly topics: TopicTable;
  /** First of the words of this thread. */
  readonly words: number;

  constructor(cells: Cells, layout: Layout, self: number) {
    this.cells = cells;
    this.layout = layout;
    this.self = self;
    this.words = layout.node(self);
    this.topics = new TopicTable(cells, layout, self);
    for (let node = 0; node <= layout.threads; node++) {
      if (self === HOME && node === HOME) {
        this.readers.push(undefined);
        this.writers.push(undefined);
        continue;
      }
      this.readers.push(new RingReader(cells, layout.ring(node, self)));
      this.writers.push(new RingWriter(cells, layout.ring(self, node)));
    }
  }

  /** Whether a frame waits for this thread. */
  hasNext(): boolean {
    for (const reader of this.readers) if (reader?.hasNext()) return true;
    return false;
  }

  /** Lets a thread see what was written for it. */
  publish(node: number): void {
    this.writers[node]!.publish();
    wake(this.cells, this.layout.node(node));
  }

  /** Wakes a thread that waits for room in a ring, as there may be some. */
  offerRoom(node: number): void {
    if (this.cells.load(this.layout.node(node) + NODE_WANTS_ROOM) === 1) this.wake(node);
  }

  /** Wakes a thread, if it sleeps. */
  wake(node: number): void {
    wake(this.cells, this.layout.node(node));
  }
}

/**
 * Makes the memory of a bus, and the view that the thread has that makes it; in a copy of its own
 * where threads share none.
 */
export function createMesh(threads: number, capacity: number, copy?: Cells): Mesh {
  const layout = new Layout(threads, capacity);
  const cells = copy ?? new SharedCells(new SharedArrayBuffer(layout.bytes));
  cells.set(HEADER_VERSION, VERSION);
  cells.set(HEADER_THREADS, threads);
  cells.set(HEADER_CAPACITY, capacity);
  for (let from = 0; from <= threads; from++) {
    for (let to = 0; to <= threads; to++) {
      if (from + to === HOME) continue;
      const { words } = layout.ring(from, to);
      // Positions start just below 2 ** 32: what goes wrong at the wrap goes wrong at once.
      for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) {
        cells.set(words + word, -2 * capacity);
      }
    }
  }
  return new Mesh(cells, layout, HOME);
}

/**
 * The view that a started thread has.
 *
 * @throws {FrameError} If another version of Beat has made the memory.
 */
export function joinMesh(memory: SharedArrayBuffer, self: number): Mesh {
  const cells = new SharedCells(memory);
  if (cells.get(HEADER_VERSION) !== VERSION) {
    throw new FrameError("another version of Beat has made the memory");
  }
  const layout = new Layout(cells.get(HEADER_THREADS), cells.get(HEADER_CAPACITY));
  return new Mesh(cells, layout, self);
}
