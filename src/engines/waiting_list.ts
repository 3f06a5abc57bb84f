import { QueueFullError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";

/** An `enqueue` that waits for room. */
export interface Waiter {
  readonly event: BusEvent;
  /** Resolves the `enqueue`, as its event is in the queue. */
  accept(): void;
  /** Rejects the `enqueue`, and nothing is emitted. */
  refuse(error: unknown): void;
}

/** The calls of `enqueue` that wait for room, in their order. */
export class WaitingList {
  readonly #waiters = new Set<Waiter>();

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Goes through those who wait, the longest waiting first. */
  [Symbol.iterator](): Iterator<Waiter> {
    return this.#waiters.values();
  }

  /**
   * Waits to be accepted.
   *
   * @throws {QueueFullError} If that takes longer than `timeout`; `capacity` is what it says.
   */
  wait(event: BusEvent, options: EnqueueOptions, capacity: number): Promise<void> {
    const { signal, timeout = Infinity } = options;
    return new Promise<void>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waiters.delete(waiter);
        outcome();
      };
      const waiter: Waiter = {
        event,
        accept: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
      };
      const abort = () => waiter.refuse(signal!.reason);
      const expire = () => {
        waiter.refuse(
          new QueueFullError(event.type, capacity, `there was no room for ${timeout} ms`),
        );
      };
      const timer = timeout > MAX_DELAY ? undefined : setTimeout(expire, timeout);
      signal?.addEventListener("abort", abort);
      this.#waiters.add(waiter);
    });
  }
}
