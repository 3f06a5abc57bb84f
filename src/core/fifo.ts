/** A queue with constant-time `push` and `shift`; `Array.shift` moves what is behind it. */
export class Fifo<T extends object> {
  #items: (T | undefined)[] = new Array(8).fill(undefined);
  #head = 0;
  /** How many items wait. */
  size = 0;

  /** Appends an item. */
  push(item: T): void {
    if (this.size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.size) & (this.#items.length - 1)] = item;
    this.size++;
  }

  /** Takes the oldest item; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.size--;
    return item;
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = new Array(8).fill(undefined);
    this.#head = 0;
    this.size = 0;
  }

  #grow(): void {
    const items = this.#items;
    const rest = items.splice(0, this.#head);
    for (const item of rest) items.push(item);
    for (let free = items.length; free > 0; free--) items.push(undefined);
    this.#head = 0;
  }
}
