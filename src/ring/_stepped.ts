/**
 * Steps programs that share memory through every interleaving that a seed says, access by access,
 * in one thread. A program must do the same again when its accesses give the same results: for
 * each step it is run from its beginning, with the results of all accesses before, up to the next.
 *
 * @module
 */

import type { AsyncWait, Cells } from "../runtime/shared_cells.ts";

/** What several actors do at once. */
export type Program = (cells: Cells) => void;

/** Thrown to leave a program at its next access. */
class Paused extends Error {}

interface Actor {
  readonly program: Program;
  readonly results: number[];
  /** The cell that it waits for. */
  sleepsOn: number | undefined;
  state: "ready" | "done";
}

/** How a run ended. */
export interface Ending {
  /** Whether every program has come to its end. */
  finished: boolean;
  /** How many accesses there were. */
  steps: number;
}

/** Options of {@linkcode interleave}. */
export interface InterleaveOptions {
  /** Gives a number from 0 to less than 1 for each step. */
  random: () => number;
  /** The actor that stops for ever after so many steps of its own. */
  killed?: { actor: number; after: number };
}

/** Runs programs over one memory until all have ended or none can go on. */
export function interleave(
  words: Int32Array,
  programs: readonly Program[],
  { random, killed }: InterleaveOptions,
): Ending {
  const actors: Actor[] = programs.map((program) => ({
    program,
    results: [],
    sleepsOn: undefined,
    state: "ready",
  }));
  let last: Actor | undefined;
  for (let steps = 0;; steps++) {
    const ready = actors.filter((actor, index) =>
      actor.state === "ready" && actor.sleepsOn === undefined &&
      !(killed?.actor === index && actor.results.length >= killed.after)
    );
    if (ready.length === 0) {
      return { finished: actors.every(({ state }) => state === "done"), steps };
    }
    // An actor often goes on for a while: what needs one to be far ahead comes up as well.
    if (last === undefined || !ready.includes(last) || random() < 0.2) {
      last = ready[Math.floor(random() * ready.length)];
    }
    step(words, last, actors);
  }
}

function step(words: Int32Array, actor: Actor, actors: readonly Actor[]): void {
  try {
    actor.program(new SteppedCells(words, actor, actors));
    actor.state = "done";
  } catch (error) {
    if (!(error instanceof Paused)) throw error;
  }
}

/** Repeats what an actor has seen, then does one access, and pauses at the next. */
class SteppedCells implements Cells {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #actor: Actor;
  readonly #actors: readonly Actor[];
  #at = 0;
  #isSpent = false;

  constructor(words: Int32Array, actor: Actor, actors: readonly Actor[]) {
    this.words = words;
    this.bytes = new Uint8Array(words.buffer);
    this.#actor = actor;
    this.#actors = actors;
  }

  load(index: number): number {
    return this.#access(() => this.words[index]);
  }

  store(index: number, value: number): void {
    this.#access(() => this.words[index] = value);
  }

  get(index: number): number {
    return this.load(index);
  }

  set(index: number, value: number): void {
    this.store(index, value);
  }

  compareExchange(index: number, expected: number, value: number): number {
    return this.#access(() => {
      const before = this.words[index];
      if (before === expected) this.words[index] = value;
      return before;
    });
  }

  notify(index: number): void {
    this.#access(() => {
      for (const actor of this.#actors) {
        if (actor.sleepsOn !== index) continue;
        actor.sleepsOn = undefined;
        actor.results.push(0);
      }
      return 0;
    });
  }

  wait(index: number, value: number): void {
    this.#access(() => {
      if (this.words[index] !== value) return 0;
      this.#actor.sleepsOn = index;
      throw new Paused();
    });
  }

  waitAsync(): AsyncWait {
    throw new TypeError("Programs that are stepped block");
  }

  #access(perform: () => number): number {
    const { results } = this.#actor;
    if (this.#at < results.length) return results[this.#at++];
    if (this.#isSpent) throw new Paused();
    this.#isSpent = true;
    const result = perform();
    results.push(result);
    this.#at++;
    return result;
  }
}

/** A generator of numbers that starts from a seed (mulberry32, by Tommy Ettinger). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
