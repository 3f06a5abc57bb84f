import { FLAG_NOTE } from "../ring/frame.ts";
import { HOME } from "./mesh.ts";
import type { Note } from "./notes.ts";
import type { Outbox } from "./outbox.ts";

/** Types of which drops wait to be told: those of most programs, a bounded number of any. */
const MAX_TYPES = 1_024;

/**
 * Tells home what a thread has dropped for want of room: how many of each type, in a note that waits
 * until there is room for it. What is not told, as there are too many types, is counted all the same.
 */
export class DropReports {
  readonly #outbox: Outbox;
  readonly #counts = new Map<string, number>();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Tells soon of one event more. */
  add(type: string): void {
    const before = this.#counts.get(type);
    if (before === undefined) {
      // A note that no frame holds would be in the way of the others for ever.
      if (this.#counts.size === MAX_TYPES || !this.#outbox.holds(toNote(type, 2 ** 31))) return;
      this.#outbox.awaitRoom();
    }
    this.#counts.set(type, (before ?? 0) + 1);
  }

  /** Sends what finds room now; says whether anything still waits. */
  flush(): boolean {
    for (const [type, count] of this.#counts) {
      const note = { type: "note", data: toNote(type, count) };
      if (!this.#outbox.sendTo(HOME, note, FLAG_NOTE)) return true;
      this.#counts.delete(type);
    }
    return false;
  }
}

function toNote(type: string, count: number): Note {
  return ["dropped", { reason: "overflow", count, type }];
}
