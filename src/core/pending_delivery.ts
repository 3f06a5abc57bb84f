import type { BusCore } from "./bus_core.ts";
import type { BusEvent } from "./event.ts";
import type { Registration } from "./registration.ts";

/** A delivery with handlers that returned promises. It is processed when all have settled. */
export class PendingDelivery {
  #core: BusCore;
  #event: BusEvent;
  #onSettled: (() => void) | undefined;
  /** One for the emit that still calls handlers, one for each promise. */
  #open = 1;

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
    }
    if (--this.#open > 0) return;
    const { ledger } = this.#core;
    ledger.pending--;
    ledger.processed++;
    this.#onSettled?.();
    ledger.settle();
  }

  /** Says that the emit has called all handlers: from now on only promises are waited for. */
  leave(): void {
    this.#open--;
    this.#core.ledger.pending++;
  }
}
