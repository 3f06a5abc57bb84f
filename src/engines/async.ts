import { UnsupportedError } from "../core/errors.ts";
import { EventBus } from "../core/event_bus.ts";
import { checkOptions } from "../options/options.ts";
import { AsyncEngine } from "./async_engine.ts";
import { ASYNC_RULES } from "./async_options.ts";
import type { AsyncBus, BusCapabilities, EnqueueOptions } from "../core/contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { AsyncOptions } from "./async_options.ts";

export type { AsyncOptions };

const CAPABILITIES: BusCapabilities = Object.freeze({
  engine: "async",
  threads: 0,
  transport: "queue",
});

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
  const bus = Object.assign(new EventBus(engine.core, CAPABILITIES), {
    enqueue: (event: BusEvent, options?: EnqueueOptions) => engine.enqueue(event, options),
    write: () => {
      throw new UnsupportedError("write an event in place", "the bus has no threads");
    },
    ready: Promise.resolve(),
    lastError: () => engine.core.lastError,
    clearError: () => {
      engine.core.lastError = undefined;
    },
  });
  return bus as unknown as AsyncBus<M>;
}
