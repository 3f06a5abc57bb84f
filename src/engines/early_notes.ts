import { FLAG_KIND, FLAG_NOTE, FRAME_FLAGS, FRAME_MARK, MARK_DONE } from "../ring/frame.ts";
import { readData } from "../ring/frame_event.ts";
import { RingScanner } from "../ring/ring_scanner.ts";
import type { Mesh } from "./mesh.ts";
import type { Note } from "./notes.ts";

/** Hears what threads tell before its turn, as events stand before it that wait for promises. */
export class EarlyNotes {
  readonly #mesh: Mesh;
  readonly #hear: (from: number, note: Note) => void;
  /** Look ahead in the rings, by the node that writes them. */
  readonly #scanners: RingScanner[];

  constructor(mesh: Mesh, hear: (from: number, note: Note) => void) {
    const { cells, layout, readers, self } = mesh;
    this.#mesh = mesh;
    this.#hear = hear;
    this.#scanners = readers.map((reader, from) =>
      new RingScanner(cells, layout.ring(from, self), reader!)
    );
  }

  /** Whether there are frames that it has not looked at. */
  get areThere(): boolean {
    return this.#scanners.some((scanner) => scanner.hasUnscanned());
  }

  /** Hears all that are there. */
  hear(): void {
    const { cells, readers } = this.#mesh;
    for (const [from, scanner] of this.#scanners.entries()) {
      scanner.scan((word) => {
        const flags = cells.get(word + FRAME_FLAGS);
        if (cells.get(word + FRAME_MARK) === MARK_DONE) return false;
        if ((flags & FLAG_KIND) !== FLAG_NOTE) return false;
        this.#hear(from, readData(cells, word) as Note);
        return true;
      });
      const reader = readers[from]!;
      // Moves over what was heard: two threads that wait for room would otherwise keep each other's
      // ring full of it.
      reader.peek();
      reader.release();
      // Also where the head has not moved: who waits to be heard looks at another word.
      this.#mesh.offerRoom(from);
    }
  }
}
