import { EventBus } from "../core/event_bus.ts";
import { FlowEngine } from "./flow_engine.ts";
import type { DrainOptions } from "../core/bus_options.ts";
import type { EnqueueOptions } from "../core/contracts.ts";
import type { BatchStats, FlowBus, FlushOptions } from "../core/flow_contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { BusStats } from "../core/stats.ts";
import type { FlowOptions, Stage } from "./flow_options.ts";

export type { FlowOptions, Stage };

/** The engine of each bus, for what is not part of its face. */
export const FLOW_ENGINES: WeakMap<object, FlowEngine> = new WeakMap();

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
  const face = new EventBus(engine.core, { engine: "flow", threads: 0, transport: "queue" });
  const bus = completeFlowBus(face, engine, {
    enqueue: (event, options) => engine.enqueue(event, options),
    batchStats: () => engine.batchStats(),
    ready: Promise.resolve(),
  });
  FLOW_ENGINES.set(bus, engine);
  return bus as unknown as FlowBus<M>;
}

/** What depends on whether a flow bus has threads. */
interface Extensions {
  emitBatch?(events: readonly BusEvent[]): void;
  enqueue(event: BusEvent, options?: EnqueueOptions): Promise<void>;
  batchStats(): BatchStats;
  ready: Promise<void>;
}

/** Gives the face of a bus what makes it that of a flow bus. */
export function completeFlowBus(
  face: EventBus,
  engine: FlowEngine,
  extensions: Extensions,
): EventBus {
  const { batchHandlers } = engine;
  const { stats, drain } = face;
  return Object.assign(face, extensions, batchHandlers.methods(face), {
    flush: (options?: FlushOptions) => engine.flush(options),
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
}
