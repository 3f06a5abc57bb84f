import { NODE_PARK } from "../ring/layout.ts";
import { announceSleep, stayAwake } from "../ring/park.ts";
import { pause } from "../runtime/shared_cells.ts";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** Looks at the rings before the event loop gets a turn. */
const SPINS = 50;

/** Turns before the event loop has one, however little there was to do in each. */
const TURNS = 256;

/** The memory of a thread, and the first of its words. */
interface Place {
  readonly cells: Cells;
  readonly words: number;
}

/** What {@linkcode Idle} calls. */
export interface IdleTasks {
  turn(): boolean;
  hasWork(): boolean;
  recheck?(): boolean;
  blockTime?(): number;
}

const never = () => 0;

/**
 * Runs a thread's turns while there is something to do, and otherwise spins a little, lets the
 * event loop have a turn, and sleeps.
 */
export class Idle {
  readonly #place: Place;
  readonly #turn: () => boolean;
  readonly #hasWork: () => boolean;
  readonly #recheck: () => boolean;
  readonly #blockTime: () => number;
  #isScheduled = false;
  #isAsleep = false;
  #hasYielded = false;
  #hasEnded = false;
  readonly #run = () => {
    this.#isScheduled = false;
    this.#loop();
  };

  /**
   * `turn` does some of the work and says whether there is more; `hasWork` is asked while spinning;
   * `recheck` looks at everything that could have woken the thread, once it has announced its
   * sleep; `blockTime` says for how many milliseconds at a time the thread may stand still: more
   * than 0 only if it has nothing else to do.
   */
  constructor(place: Place, { turn, hasWork, recheck = hasWork, blockTime = never }: IdleTasks) {
    this.#place = place;
    this.#turn = turn;
    this.#hasWork = hasWork;
    this.#recheck = recheck;
    this.#blockTime = blockTime;
  }

  /** Makes a turn come soon, unless one will. */
  schedule(): void {
    if (this.#isScheduled || this.#hasEnded) return;
    this.#isScheduled = true;
    scheduleMacrotask(this.#run);
  }

  /** No turn comes any more. */
  end(): void {
    this.#hasEnded = true;
    const { cells, words } = this.#place;
    stayAwake(cells, words);
    cells.notify(words + NODE_PARK);
  }

  #loop(): void {
    for (let left = TURNS;; left--) {
      if (this.#hasEnded) return;
      if (this.#turn() || left === 0) {
        this.#hasYielded = false;
        return this.schedule();
      }
      if (this.#hasEnded) return;
      if (this.#spin()) continue;
      if (!this.#hasYielded) {
        this.#hasYielded = true;
        return this.schedule();
      }
      this.#hasYielded = false;
      if (!this.#sleep()) return;
    }
  }

  #spin(): boolean {
    for (let i = 0; i < SPINS; i++) {
      if (this.#hasWork()) return true;
      pause();
    }
    return false;
  }

  /** Sleeps; says whether it is over already. */
  #sleep(): boolean {
    if (this.#isAsleep) return false;
    const { cells, words } = this.#place;
    announceSleep(cells, words);
    if (this.#recheck()) {
      stayAwake(cells, words);
      return true;
    }
    const blockTime = this.#blockTime();
    if (blockTime > 0) {
      cells.wait(words + NODE_PARK, 1, blockTime);
      stayAwake(cells, words);
      return true;
    }
    const { async, value } = cells.waitAsync(words + NODE_PARK, 1);
    if (!async) return true;
    this.#isAsleep = true;
    void value.then(() => {
      this.#isAsleep = false;
      // Whatever has woken it: nobody else needs to.
      stayAwake(cells, words);
      if (!this.#isScheduled) this.#loop();
    });
    return false;
  }
}
