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

/** What is known of a key: numbers, however many messages it has, so that a soak may take a day. */
interface Account {
  /** The broker has those before this one. */
  confirmed: number;
  /** The last one that was seen. */
  last: number;
  /** Those before it that were passed over. */
  readonly skipped: Set<number>;
  /** The first time that one came too late. */
  disorder: string | undefined;
}

/** Who confirmed what, and who saw what, in which order. */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  /** How many were confirmed and not seen. */
  #open = 0;
  #confirmed = 0;
  #seen = 0;
  #duplicates = 0;
  #noticed = () => {};

  /** The broker has it. A message of a key is published when the one before it was confirmed. */
  confirm({ key, sequence }: Mark): void {
    const account = this.#accountOf(key);
    account.confirmed = sequence + 1;
    this.#confirmed++;
    if (sequence > account.last || account.skipped.has(sequence)) this.#open++;
  }

  /** A handler was done with it. */
  see({ key, sequence }: Mark): void {
    const account = this.#accountOf(key);
    const { confirmed, last, skipped } = account;
    if (sequence > last) {
      for (let passed = last + 1; passed < sequence; passed++) skipped.add(passed);
      account.last = sequence;
    } else if (skipped.delete(sequence)) {
      account.disorder ??= `order of '${key}': ${sequence} came after ${last}`;
    } else {
      this.#duplicates++;
      return;
    }
    this.#seen++;
    if (sequence < confirmed) this.#open--;
    this.#noticed();
  }

  /** How many were confirmed and not seen. */
  get open(): number {
    return this.#open;
  }

  /** Whether all that was confirmed has been seen. */
  get isComplete(): boolean {
    return this.#open === 0;
  }

  /** What was confirmed and not seen. */
  get missing(): string[] {
    return [...this.#accounts].flatMap(([key, { confirmed, last, skipped }]) => {
      const found = [...skipped].filter((sequence) => sequence < confirmed);
      for (let sequence = last + 1; sequence < confirmed; sequence++) found.push(sequence);
      return found.map((sequence) => `${key}:${sequence}`);
    });
  }

  /** Resolves when all that was confirmed has been seen, or nothing new for so many milliseconds. */
  async settle(limit: number): Promise<void> {
    if (this.isComplete) return;
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, limit);
      this.#noticed = () => {
        clearTimeout(timer);
        if (this.isComplete) resolve();
        else timer = setTimeout(resolve, limit);
      };
    });
    this.#noticed = () => {};
  }

  /** Compares; `allowance` are the duplicates that the faults explain. */
  judge(allowance: number): Verdict {
    const { missing } = this;
    const faults = missing.length > 0 ? [`lost: ${shorten(missing)}`] : [];
    for (const { disorder } of this.#accounts.values()) {
      if (disorder !== undefined) faults.push(disorder);
    }
    const duplicates = this.#duplicates;
    if (duplicates > allowance) {
      faults.push(`duplicates: ${duplicates}, of which the faults explain ${allowance}`);
    }
    return { confirmed: this.#confirmed, seen: this.#seen, duplicates, faults };
  }

  #accountOf(key: string): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { confirmed: 0, last: -1, skipped: new Set(), disorder: undefined };
      this.#accounts.set(key, account);
    }
    return account;
  }
}

function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
