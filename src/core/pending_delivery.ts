import type { BusCore } from "./bus_core.ts";
import type { BusEvent } from "./event.ts";
import type { Registration } from "./registration.ts";

/**
 * A delivery with handlers that returned promises. It is processed when all have settled, and none
 * goes on before all handlers have been called. Whoever has called them counts it as pending then:
 * by no call, as there may be no stack left for one.
 */
export class PendingDelivery {
  #core: BusCore;
  #event: BusEvent;
  #onSettled: (() => void) | undefined;
  /** Promises that have not settled. */
  #open = 0;

  constructor(core: BusCore, event: BusEvent, onSettled?: () => void) {
    this.#core = core;
    this.#event = event;
    this.#onSettled = onSettled;
  }

  /** Waits for what a handler returned; a rejection is a failure that no caller gets. */
  async follow(result: PromiseLike<unknown>, registration: Registration): Promise<void> {
    this.#open++;
    try {
      await result;
    } catch (error) {
      this.#core.fail(error, this.#event, registration);
      // Some promises throw where they are awaited: handlers may still have to be called then.
      await null;
    }
    if (--this.#open > 0) return;
    const { ledger } = this.#core;
    ledger.pending--;
    ledger.processed++;
    this.#onSettled?.();
    ledger.settle();
  }
}
