import type { Delivery, Requeue, Source, Traits } from "@beat/beat/transport";
import { receiptOf } from "./receipt.ts";

/** Nothing is fetched: deliveries are offered while their requests wait, and settled by answering them. */
export class TopicSource implements Source {
  readonly traits: Partial<Traits>;
  readonly #onClose: () => void;

  constructor(traits: Partial<Traits>, onClose: () => void) {
    this.traits = traits;
    this.#onClose = onClose;
  }

  ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) receiptOf(delivery).settle({ kind: "taken" });
    return Promise.resolve();
  }

  requeue(items: readonly Requeue[]): Promise<void> {
    for (const { delivery, delay, unstarted } of items) {
      receiptOf(delivery).settle({ kind: "returned", wait: delay, unstarted });
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#onClose();
    return Promise.resolve();
  }
}
