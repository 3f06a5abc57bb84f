import type { Delivery, Host, Requeue, Source, Traits } from "@beat/beat/transport";
import { Receipt, receiptOf } from "./receipt.ts";

/** Milliseconds after which to come again when a handler did not end before its subscription did. */
const LATER = 1_000;

/** Nothing is fetched: deliveries are offered while their requests wait, and settled by answering them. */
export class TopicSource implements Source {
  readonly traits: Partial<Traits>;
  readonly #host: Host;
  readonly #onClose: () => void;
  /** Those whose requests wait. */
  readonly #open = new Set<Receipt>();

  constructor(traits: Partial<Traits>, host: Host, onClose: () => void) {
    this.traits = traits;
    this.#host = host;
    this.#onClose = onClose;
  }

  /** The receipt of a delivery that is about to be given to a handler. */
  receive(delivery: Omit<Delivery, "token">): Receipt {
    const receipt = new Receipt(this.#host, delivery);
    this.#open.add(receipt);
    receipt.settled.then(() => this.#open.delete(receipt));
    return receipt;
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

  /** Nobody settles what is left: its senders are told to come again. */
  close(): Promise<void> {
    this.#onClose();
    for (const receipt of this.#open) {
      receipt.settle({ kind: "returned", wait: LATER, unstarted: false });
    }
    return Promise.resolve();
  }
}
