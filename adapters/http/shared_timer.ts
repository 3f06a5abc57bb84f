import { isWorkerd } from "./workerd.ts";

/** Milliseconds that those who share a timer may have begun after each other. */
const WINDOW = 16;

/** Those who began at about the same time, and what ends them. */
interface Group {
  readonly began: number;
  readonly waiting: Set<() => void>;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * One time limit for many: whoever begins within 16 ms shares a timer, and has that much less time at
 * most. A timer for each request, mostly never due, costs more than reading its headers. Only in
 * workerd each has its own, as a timer ends with the request that set it.
 */
export class SharedTimer {
  readonly #timeout: number;
  readonly #window: number;
  #current: Group | undefined;

  /** The limit in milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#window = isWorkerd() ? -1 : Math.min(WINDOW, timeout / 64);
  }

  /** Calls `expire` when the time is over, unless the function that it returns was called before. */
  start(expire: () => void): () => void {
    const group = this.#open();
    group.waiting.add(expire);
    return () => {
      group.waiting.delete(expire);
      if (group.waiting.size === 0) this.#end(group);
    };
  }

  #open(): Group {
    const now = Date.now();
    // A clock that was set opens a new group, and shifts nobody's end.
    if (this.#current !== undefined && Math.abs(now - this.#current.began) <= this.#window) {
      return this.#current;
    }
    const waiting = new Set<() => void>();
    const timer = setTimeout(() => {
      this.#end(group);
      for (const expire of waiting) expire();
    }, this.#timeout);
    const group: Group = { began: now, waiting, timer };
    this.#current = group;
    return group;
  }

  #end(group: Group): void {
    clearTimeout(group.timer);
    if (this.#current === group) this.#current = undefined;
  }
}
