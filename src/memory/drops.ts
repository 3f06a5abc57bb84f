import type { MemoryDrop } from "./options.ts";

/** Counts what consumers did not get, and tells of it once for each partition that a publish filled. */
export class Drops {
  /** Records that some consumer did not get, once for each. */
  total = 0;
  readonly #tell: (drop: MemoryDrop) => void;
  readonly #untold = new Map<string, { drop: MemoryDrop; count: number }>();

  constructor(tell: (drop: MemoryDrop) => void) {
    this.#tell = tell;
  }

  /** Counts a drop. It is told when the code that runs now is done: a hook may call what it likes. */
  add(drop: MemoryDrop): void {
    this.total += drop.count;
    if (this.#untold.size === 0) queueMicrotask(() => this.#flush());
    const key = `${drop.reason} ${drop.lane} ${drop.group ?? ""}`;
    const known = this.#untold.get(key);
    if (known === undefined) this.#untold.set(key, { drop, count: drop.count });
    else known.count += drop.count;
  }

  #flush(): void {
    const untold = [...this.#untold.values()];
    this.#untold.clear();
    for (const { drop, count } of untold) this.#tell({ ...drop, count });
  }
}
