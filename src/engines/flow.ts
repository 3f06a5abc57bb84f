import { EventBus } from "../core/event_bus.ts";
import { Registration } from "../core/registration.ts";
import { FlowEngine } from "./flow_engine.ts";
import type { DrainOptions } from "../core/bus_options.ts";
import type { BusCapabilities, EnqueueOptions } from "../core/contracts.ts";
import type { BatchHandler, FlowBus, FlushOptions } from "../core/flow_contracts.ts";
import type { SubscribeOptions, Subscription } from "../core/subscription.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { BusStats } from "../core/stats.ts";
import type { FlowOptions, Stage } from "./flow_options.ts";

export type { FlowOptions, Stage };

/** The engine of each bus, for what is not part of its face. */
export const FLOW_ENGINES: WeakMap<object, FlowEngine> = new WeakMap();

const CAPABILITIES: BusCapabilities = Object.freeze({
  engine: "flow",
  threads: 0,
  transport: "queue",
});

/**
 * Creates a bus that collects events in batches and takes these through stages.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range.
 */
export function createFlowBus<M extends object = OpenEventMap>(
  options: FlowOptions<NoInfer<M>> = {},
): FlowBus<M> {
  const engine = new FlowEngine(options as FlowOptions);
  const { batchHandlers } = engine;
  const face = new EventBus(engine.core, CAPABILITIES);
  const { off, stats, drain } = face;
  const bus = Object.assign(face, {
    enqueue: (event: BusEvent, options?: EnqueueOptions) => engine.enqueue(event, options),
    onBatch: (pattern: string, handler: BatchHandler, options?: SubscribeOptions) =>
      batchHandlers.add(pattern, handler, options),
    flush: (options?: FlushOptions) => engine.flush(options),
    batchStats: () => engine.batchStats(),
    off(subscription: Subscription): boolean {
      const isForBatches = subscription instanceof Registration && batchHandlers.owns(subscription);
      return isForBatches ? subscription.unsubscribe() : off.call(face, subscription);
    },
    stats(): BusStats {
      const counts = stats.call(face);
      return { ...counts, subscriptions: counts.subscriptions + batchHandlers.size };
    },
    drain(options?: DrainOptions): Promise<void> {
      const drained = drain.call(face, options);
      if (face.closed) engine.hurry();
      return drained;
    },
  });
  FLOW_ENGINES.set(bus, engine);
  return bus as unknown as FlowBus<M>;
}
