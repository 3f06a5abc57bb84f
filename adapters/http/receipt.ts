import type { Delivery, Host } from "@beat/beat/transport";

/** How a delivery ended: `wait` are the milliseconds until it may come again. */
export type Receiving =
  | { readonly kind: "taken" }
  | { readonly kind: "returned"; readonly wait: number; readonly unstarted: boolean }
  | { readonly kind: "expired" };

/** What the engine settles a delivery by, and the request waits for. */
export class Receipt {
  readonly settled: Promise<Receiving>;
  readonly #host: Host;
  readonly #delivery: Delivery;
  #resolve!: (receiving: Receiving) => void;
  #isOpen = true;

  constructor(host: Host, delivery: Omit<Delivery, "token">) {
    this.#host = host;
    this.#delivery = { ...delivery, token: this };
    this.settled = new Promise((resolve) => this.#resolve = resolve);
  }

  /** Gives it to a handler; false if there is no room. */
  offer(): boolean {
    return this.#host.offer(this.#delivery);
  }

  /** Gives it to a handler as soon as there is room. */
  async admit(): Promise<void> {
    if (!this.#isOpen) return;
    // Whoever waits for room goes on when the time is over.
    await Promise.race([this.#host.admit(this.#delivery), this.settled]);
  }

  /** A handler has it, which is enough for the sender. */
  accept(): void {
    this.settle({ kind: "taken" });
  }

  /** Only the first call counts. */
  settle(receiving: Receiving): void {
    this.#isOpen = false;
    this.#resolve(receiving);
  }

  /** It took too long: the sender is told to come again, so what the handler says later is not heard. */
  expire(): void {
    if (!this.#isOpen) return;
    this.settle({ kind: "expired" });
    const cause = new DOMException("The webhook was not settled in time", "TimeoutError");
    this.#host.lost(this.#delivery.lane, cause);
  }
}

/** The receipt that a delivery was offered with. */
export function receiptOf(delivery: Delivery): Receipt {
  return delivery.token as Receipt;
}
