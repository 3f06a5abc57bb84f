import type { Delivery } from "./port.ts";

/** A delivery that waits for room, and what lets its source go on. */
interface Admission {
  readonly delivery: Delivery;
  readonly done: () => void;
}

/** Deliveries that sources have handed over and for which there is no room yet, in their order. */
export class Admissions {
  readonly #waiting = new Set<Admission>();

  get size(): number {
    return this.#waiting.size;
  }

  get deliveries(): Delivery[] {
    return Array.from(this.#waiting, ({ delivery }) => delivery);
  }

  /** Appends a delivery; resolves when it was taken. */
  add(delivery: Delivery): Promise<void> {
    return new Promise((done) => this.#waiting.add({ delivery, done }));
  }

  /** Takes out the oldest for which `holds` is true, if there is one. */
  shift(holds: (delivery: Delivery) => boolean): Delivery | undefined {
    for (const admission of this.#waiting) {
      if (holds(admission.delivery)) return this.#release(admission);
    }
    return undefined;
  }

  /** Takes out those for which `holds` is true. */
  take(holds: (delivery: Delivery) => boolean): Delivery[] {
    const held = Array.from(this.#waiting).filter(({ delivery }) => holds(delivery));
    return held.map((admission) => this.#release(admission));
  }

  #release(admission: Admission): Delivery {
    this.#waiting.delete(admission);
    admission.done();
    return admission.delivery;
  }
}
