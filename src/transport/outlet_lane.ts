import type { OutletItem } from "./outlet_call.ts";

/** The items of one lane that wait to be sent, in order; each can leave in constant time. */
export class OutletLane {
  readonly name: string;
  /** Whether it sends, or waits for its turn to. */
  busy = false;
  /** What is on its way to the broker. */
  sent: readonly OutletItem[] = [];
  /** Whether something was. */
  hasSent = false;
  first: OutletItem | undefined = undefined;
  #last: OutletItem | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  push(item: OutletItem): void {
    item.state = "queued";
    item.previous = this.#last;
    if (this.#last === undefined) this.first = item;
    else this.#last.next = item;
    this.#last = item;
  }

  remove(item: OutletItem): void {
    const { previous, next } = item;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = item.next = undefined;
  }
}
