import { EventBus } from "../core/event_bus.ts";
import { check, checkOptions, FUNCTION, integer } from "../options/options.ts";
import { HomeEngine } from "./home_engine.ts";
import { completeOptions } from "./thread_options.ts";
import type { AsyncBus, BusCapabilities, EnqueueOptions, WriteOptions } from "../core/contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { ThreadOptions } from "./thread_options.ts";

export type { ThreadOptions };

/** What `write` calls. */
export type Fill = (bytes: Uint8Array, offset: number, length: number) => void;

/** Checks what `write` was given. */
export function checkWrite(length: number, fill: Fill, options: WriteOptions): void {
  check("write an event", "length", length, integer(0));
  check("write an event", "fill", fill, FUNCTION);
  checkOptions("write an event", options, { key: ["a string", "string"] });
}

/**
 * Creates a bus whose events reach the handlers of other threads.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range, or all rings together are too large.
 */
export function createThreadBus<M extends object = OpenEventMap>(
  options: ThreadOptions,
): AsyncBus<M> {
  const full = completeOptions(options);
  const engine = new HomeEngine(full);
  const capabilities: BusCapabilities = Object.freeze({
    engine: "async",
    threads: full.threads,
    transport: "shared-memory",
  });
  const face = new EventBus(engine.core, capabilities);
  const emitBatch = face.emitBatch.bind(face);
  const bus = Object.assign(face, {
    emitBatch: (events: readonly BusEvent[]) => engine.outbox.batch(() => emitBatch(events)),
    enqueue: (event: BusEvent, options?: EnqueueOptions) => engine.queue.enqueue(event, options),
    write: (type: string, length: number, fill: Fill, options: WriteOptions = {}) => {
      checkWrite(length, fill, options);
      engine.write(type, length, fill, options.key);
    },
    ready: engine.ready,
    lastError: () => engine.core.lastError,
    clearError: () => {
      engine.core.lastError = undefined;
    },
  });
  return bus as unknown as AsyncBus<M>;
}
