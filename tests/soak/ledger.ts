/** One message of the soak: the `sequence`-th of its key. */
export interface Mark {
  readonly key: string;
  readonly sequence: number;
}

/** What a soak has shown. */
export interface Verdict {
  /** Messages that the broker confirmed. */
  readonly confirmed: number;
  /** Different messages that handlers have seen. */
  readonly seen: number;
  /** Handler calls beyond the first of a message. */
  readonly duplicates: number;
  /** What is wrong; empty if all is right. */
  readonly faults: readonly string[];
}

/** A message, as a text. */
export function nameOf({ key, sequence }: Mark): string {
  return `${key}:${sequence}`;
}

/** Who confirmed what, and who saw what, in which order. */
export class Ledger {
  readonly #confirmed = new Set<string>();
  /** What was confirmed and not seen. */
  readonly #open = new Set<string>();
  readonly #seen = new Map<string, number>();
  /** The messages of a key in the order of their first sight. */
  readonly #firsts = new Map<string, number[]>();
  #waiting: { all: () => void } | undefined;

  /** The broker has it. */
  confirm(mark: Mark): void {
    const name = nameOf(mark);
    this.#confirmed.add(name);
    if (!this.#seen.has(name)) this.#open.add(name);
  }

  /** A handler was done with it. */
  see(mark: Mark): void {
    const name = nameOf(mark);
    const count = this.#seen.get(name) ?? 0;
    this.#seen.set(name, count + 1);
    this.#open.delete(name);
    if (count > 0) return;
    const firsts = this.#firsts.get(mark.key);
    if (firsts === undefined) this.#firsts.set(mark.key, [mark.sequence]);
    else firsts.push(mark.sequence);
    if (this.isComplete) this.#waiting?.all();
  }

  /** Whether all that was confirmed has been seen. */
  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  /** What was confirmed and not seen. */
  get missing(): string[] {
    return [...this.#open];
  }

  /** Resolves when all that was confirmed has been seen, or the time in milliseconds is over. */
  async settle(limit: number): Promise<void> {
    if (this.isComplete) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limit);
      const all = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting = { all };
    });
    this.#waiting = undefined;
  }

  /** Compares; `allowance` are the duplicates that the faults explain. */
  judge(allowance: number): Verdict {
    const faults: string[] = [];
    const { missing } = this;
    if (missing.length > 0) faults.push(`lost: ${shorten(missing)}`);
    for (const [key, firsts] of this.#firsts) {
      const at = firsts.findIndex((sequence, at) => at > 0 && sequence < firsts[at - 1]!);
      if (at > 0) faults.push(`order of '${key}': ${firsts[at]} came after ${firsts[at - 1]}`);
    }
    const calls = [...this.#seen.values()].reduce((sum, count) => sum + count, 0);
    const duplicates = calls - this.#seen.size;
    if (duplicates > allowance) {
      faults.push(`duplicates: ${duplicates}, of which the faults explain ${allowance}`);
    }
    return { confirmed: this.#confirmed.size, seen: this.#seen.size, duplicates, faults };
  }
}

function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
