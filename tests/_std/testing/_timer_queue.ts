interface Timer {
  id: number;
  due: number;
  /** Set for a timer that starts again after each run. */
  every?: number;
  run: () => void;
}

// deno-lint-ignore no-explicit-any
type Callback = (...args: any[]) => void;

// Far from the ids of real timers: `Deno.unrefTimer` on a fake one must not hit those.
const FIRST_ID = 1_000_000_000;

let lastId = FIRST_ID;

const clearReal = globalThis.clearTimeout;

/** Timers in the order in which they fall due, and the time up to which they have run. */
export class TimerQueue {
  now: number;
  readonly #timers = new Map<number, Timer>();

  constructor(now: number) {
    this.now = now;
  }

  /** Adds a timer and returns its id; `repeat` makes it an interval. */
  add(run: () => void, ms = 0, repeat = false): number {
    // As in the platform: what is no number, or negative, or beyond 31 bits, is 0 or 1.
    const wait = ms > 0 && ms < 2 ** 31 ? Math.trunc(ms) : 0;
    const id = ++lastId;
    const timer: Timer = { id, due: this.now + wait, run };
    // An interval of 0 would never let the clock move on.
    if (repeat) timer.every = Math.max(wait, 1);
    if (repeat) timer.due = this.now + timer.every!;
    this.#timers.set(id, timer);
    return id;
  }

  /** Moves to the next timer that falls due until `limit` and runs it; `false` if there is none. */
  runNext(limit: number): boolean {
    const timer = this.#first();
    if (timer === undefined || timer.due > limit) return false;
    this.now = Math.max(this.now, timer.due);
    this.#timers.delete(timer.id);
    if (timer.every !== undefined) {
      timer.due += timer.every;
      // Set again last, so that it stands behind the others of the same moment.
      this.#timers.set(timer.id, timer);
    }
    timer.run();
    return true;
  }

  /** The platform's functions on this queue. */
  functions(): Record<"setTimeout" | "setInterval" | "clearTimeout" | "clearInterval", unknown> {
    // A timer from before time was faked must not keep the process.
    const clear = (id?: number) =>
      void (this.#timers.delete(Number(id)) || clearReal.call(globalThis, id));
    return {
      setTimeout: (fn: Callback, ms?: number, ...args: unknown[]) =>
        this.add(() => fn(...args), ms),
      setInterval: (fn: Callback, ms?: number, ...args: unknown[]) =>
        this.add(() => fn(...args), ms, true),
      clearTimeout: clear,
      clearInterval: clear,
    };
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (first === undefined || timer.due < first.due) first = timer;
    }
    return first;
  }
}
