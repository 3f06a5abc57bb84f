interface Link<T> {
  readonly item: T;
  next: Link<T> | undefined;
}

/** A queue with constant-time `push` and `shift`; `Array.shift` moves what is behind it. */
export class Fifo<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  /** How many items wait. */
  size = 0;

  /** Appends an item. */
  push(item: T): void {
    const link = { item, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.size++;
  }

  /** The oldest item, which stays; `undefined` if there is none. */
  peek(): T | undefined {
    return this.#first?.item;
  }

  /** Takes the oldest item; `undefined` if there is none. */
  shift(): T | undefined {
    const link = this.#first;
    if (link === undefined) return undefined;
    this.#first = link.next;
    if (this.#first === undefined) this.#last = undefined;
    this.size--;
    return link.item;
  }
}
