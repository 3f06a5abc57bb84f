import type { Bus } from "../core/contracts.ts";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import type { BusEvent } from "../core/event.ts";
import type { SendFailure, SendItem, Sink } from "../transport/port.ts";
import { type Conversion, toEvent } from "./event_record.ts";

/** Emits records on a bus, one after the other; it never waits. */
export class LocalSink implements Sink {
  readonly limits = { batch: 1_024, bytes: Infinity, lanes: Infinity };
  // deno-lint-ignore no-explicit-any
  readonly #bus: Bus<any>;
  readonly #conversion: Conversion;

  // deno-lint-ignore no-explicit-any
  constructor(bus: Bus<any>, conversion: Conversion) {
    this.#bus = bus;
    this.#conversion = conversion;
  }

  lane(topic: string): string {
    return topic;
  }

  // deno-lint-ignore require-await
  async send(
    _lane: string,
    items: readonly SendItem[],
  ): Promise<readonly (undefined | SendFailure)[]> {
    const failures = new Map<string, unknown>();
    return items.map(({ topic, rec }) => {
      if (failures.has(rec.key)) {
        return { cause: failures.get(rec.key), outcome: "not-attempted" };
      }
      let event: BusEvent | undefined;
      try {
        event = toEvent(topic, rec, this.#conversion);
        this.#bus.emit(event);
        return undefined;
      } catch (cause) {
        if (rec.key !== "") failures.set(rec.key, cause);
        const isRejected = event === undefined || this.#isRefusal(cause);
        return { cause, outcome: isRejected ? "rejected" : "unknown" };
      }
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Whether the bus took nothing; any other error is a handler's, beside which others may have it. */
  #isRefusal(cause: unknown): boolean {
    // What queues events calls no handler from which an emit could have it.
    const isQueue = this.#bus.capabilities?.engine !== "sync";
    return isQueue || cause instanceof BusClosedError || cause instanceof QueueFullError;
  }
}
