import { BusClosedError } from "../core/errors.ts";
import { HEADER_FLUSH, RING_HEAD, RING_PUBLISHED } from "../ring/layout.ts";
import { HOME, type Mesh } from "./mesh.ts";
import type { Flush } from "./flow_shard.ts";

/** Where the head of a ring must be, by its word, and the node that reads the ring. */
type Goal = readonly [to: number, head: number, position: number];

/** The calls of `flush` that wait for threads. */
export class ThreadFlushes {
  readonly flushes: Map<Flush, Goal[]> = new Map();
  readonly #mesh: Mesh;
  readonly #hold: () => void;
  /** Counts the times at which the first call came and the last one was through. */
  #changes = 0;
  /** Nodes that finish nothing any more. */
  readonly #stuck = new Set<number>();

  /** `hold` lets this thread be told of what others finish. */
  constructor(mesh: Mesh, hold: () => void) {
    this.#mesh = mesh;
    this.#hold = hold;
  }

  /** Makes a flush wait for all that is in the rings now, and lets that leave. */
  flush(flush: Flush): void {
    this.flushes.set(flush, this.#goals(this.#mesh.layout.threads));
    this.#hold();
    if (this.#changes % 2 === 0) this.#change();
  }

  /** Ends the wait of those whose events are handled. */
  check(): void {
    const { cells } = this.#mesh;
    const isReached = ([, head, position]: Goal) => ((cells.load(head) - position) | 0) >= 0;
    for (let [flush, goals] of this.flushes) {
      if (!goals.every(isReached)) continue;
      if (goals.some(([to]) => to !== HOME)) {
        // Then it waits for what threads have told meanwhile, as failures.
        this.flushes.set(flush, goals = this.#goals(HOME));
        if (!goals.every(isReached)) continue;
      }
      this.flushes.delete(flush);
      flush.reach();
    }
    if (this.flushes.size === 0 && this.#changes % 2 > 0) this.#change();
  }

  /** Waits no more for what a thread holds that does not stop. */
  leave(node: number): void {
    this.#stuck.add(node);
    for (const [flush, goals] of this.flushes) {
      this.flushes.set(flush, goals.filter(([to]) => to !== node));
    }
    this.check();
  }

  /** Refuses all who wait, as the bus closes. */
  refuse(): void {
    for (const flush of this.flushes.keys()) flush.refuse(new BusClosedError("flush the bus"));
  }

  /** What the rings hold now, up to those into `last`. */
  #goals(last: number): Goal[] {
    const { cells, layout } = this.#mesh;
    const goals: Goal[] = [];
    for (let from = HOME; from <= layout.threads; from++) {
      for (let to = from === HOME ? 1 : HOME; to <= last; to++) {
        if (this.#stuck.has(to)) continue;
        const { words } = layout.ring(from, to);
        goals.push([to, words + RING_HEAD, cells.load(words + RING_PUBLISHED)]);
      }
    }
    return goals;
  }

  #change(): void {
    const { cells, layout } = this.#mesh;
    cells.store(HEADER_FLUSH, ++this.#changes);
    for (let node = 1; node <= layout.threads; node++) this.#mesh.wake(node);
  }
}
