import { QueueFullError } from "../core/errors.ts";
import { MAX_DELAY } from "../core/lifecycle.ts";
import type { Registration } from "../core/registration.ts";
import type { Mesh } from "./mesh.ts";
import type { OutboxOptions } from "./outbox.ts";

/**
 * Gives up `ready` of a subscription that cannot be told to another thread. Handlers that wait for
 * it keep the events that they are called with in their rings; two threads that do so with full
 * rings between them would wait for each other for ever.
 */
export class LimitedReadiness {
  readonly #capacity: number;
  readonly #blockTimeout: number;
  readonly #isHoldingUp: () => boolean;
  /** Ends the wait of each subscription that others have not heard of. */
  readonly #open = new Set<() => void>();

  /**
   * `isHoldingUp` says whether what this thread has to tell finds no room, while it keeps events in
   * its rings.
   */
  constructor({ layout }: Mesh, { blockTimeout }: OutboxOptions, isHoldingUp: () => boolean) {
    this.#capacity = layout.capacity;
    this.#blockTimeout = blockTimeout;
    this.#isHoldingUp = isHoldingUp;
  }

  /** Limits the time for which a subscription that others do not know yet can be waited for. */
  limit(registration: Registration): void {
    const { readiness, pattern } = registration;
    const blockTimeout = this.#blockTimeout;
    if (readiness === undefined) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever does not ask is not to be ended by it.
    promise.catch(() => {});
    registration.readiness = promise;
    let wasHoldingUp = false;
    const look = () => {
      const before = wasHoldingUp;
      wasHoldingUp = this.#isHoldingUp();
      // Twice in a row: it may have begun a moment ago.
      if (!before || !wasHoldingUp) return;
      const reason = `a ring had no room for ${blockTimeout} ms to tell of its subscription`;
      reject(new QueueFullError(pattern, this.#capacity, reason, "bytes"));
      settle();
    };
    const timer = blockTimeout > MAX_DELAY ? undefined : setInterval(look, blockTimeout / 2);
    const settle = () => {
      clearInterval(timer);
      this.#open.delete(settle);
      resolve();
    };
    this.#open.add(settle);
    void readiness.then(settle);
  }

  /**
   * Waits for nobody any more, as the thread is to end, whether it serves yet or not: others that
   * have come to their end hear of nothing.
   */
  end(): void {
    for (const settle of this.#open) settle();
  }
}
