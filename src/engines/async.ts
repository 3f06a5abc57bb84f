import { UnsupportedError } from "../core/errors.ts";
import { EventBus } from "../core/event_bus.ts";
import { checkOptions } from "../options/options.ts";
import { AsyncEngine } from "./async_engine.ts";
import { ASYNC_RULES } from "./async_options.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { AsyncBus, EnqueueOptions, WriteOptions } from "../core/contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { AsyncOptions } from "./async_options.ts";

export type { AsyncOptions };

/**
 * Creates a bus that queues its events and handles them in a microtask.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If `capacity`, `concurrency` or `overflow` is out of its range.
 */
export function createAsyncBus<M extends object = OpenEventMap>(
  options: AsyncOptions = {},
): AsyncBus<M> {
  checkOptions("create an async bus", options, ASYNC_RULES);
  const engine = new AsyncEngine(options);
  const face = new EventBus(engine.core, { engine: "async", threads: 0, transport: "queue" });
  return completeAsyncBus(face, engine.core, {
    enqueue: (event, options) => engine.enqueue(event, options),
    write() {
      throw new UnsupportedError("write an event in place", "the bus has no threads");
    },
    ready: Promise.resolve(),
  });
}

/** What `write` calls. */
export type Fill = (bytes: Uint8Array, offset: number, length: number) => void;

/** What depends on whether an async bus has threads. */
interface Extensions {
  emitBatch?(events: readonly BusEvent[]): void;
  enqueue(event: BusEvent, options?: EnqueueOptions): Promise<void>;
  write(type: string, length: number, fill: Fill, options?: WriteOptions): void;
  ready: Promise<void>;
}

/** Gives the face of a bus what makes it that of an async bus. */
export function completeAsyncBus<M extends object>(
  face: EventBus,
  core: BusCore,
  extensions: Extensions,
): AsyncBus<M> {
  const bus = Object.assign(face, extensions, {
    lastError: () => core.lastError,
    clearError: () => {
      core.lastError = undefined;
    },
  });
  return bus as unknown as AsyncBus<M>;
}
