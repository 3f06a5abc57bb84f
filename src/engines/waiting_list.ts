import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";

/** An `enqueue` that waits for room. */
interface Waiter {
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

  /**
   * Accepts those who find room, the longest waiting first. `tryToEmit` says whether an event did;
   * one for which it throws is refused.
   */
  admit(tryToEmit: (event: BusEvent) => boolean): void {
    for (const waiter of this.#waiters) {
      try {
        if (!tryToEmit(waiter.event)) break;
        waiter.accept();
      } catch (error) {
        waiter.refuse(error);
      }
    }
  }

  /** Refuses all who wait, as what they wait for is closed: nothing of theirs is emitted. */
  refuse(error: Error = new BusClosedError("enqueue an event")): void {
    for (const waiter of this.#waiters) waiter.refuse(error);
  }
}
