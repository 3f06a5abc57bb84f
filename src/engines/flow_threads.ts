import { EventBus } from "../core/event_bus.ts";
import { canStartThread } from "../runtime/capabilities.ts";
import { CAPACITY } from "./async_options.ts";
import { completeFlowBus, createFlowBus, FLOW_ENGINES } from "./flow.ts";
import { FlowEngine } from "./flow_engine.ts";
import { completeFlowOptions } from "./flow_thread_options.ts";
import { flushShards } from "./flush.ts";
import { HomeEngine } from "./home_engine.ts";
import { hooksOf, serveHere } from "./in_thread.ts";
import { createStageNamer } from "./name_stages.ts";
import type { FlowBus } from "../core/flow_contracts.ts";
import type { BusEvent, OpenEventMap } from "../core/event.ts";
import type { FlowThreadOptions } from "./flow_thread_options.ts";

export type { FlowThreadOptions };

/**
 * Creates a bus whose threads collect events in batches and take these through stages. Its own
 * thread is a shard beside them, without stages, for what subscribes there.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range, or all rings together are too large.
 * @throws {UnsupportedError} If threads are to drop the oldest event.
 * @throws What starting the first thread throws, if threads can be started here at all.
 */
export function createFlowThreadBus<M extends object = OpenEventMap>(
  options: FlowThreadOptions<NoInfer<M>>,
): FlowBus<M> {
  const full = completeFlowOptions(options as FlowThreadOptions);
  const { overflow, threads, flow } = full;
  const { batchTimeout, shards, spread } = flow;
  const batchSize = Math.min(flow.batchSize, CAPACITY);
  const queue = { batchSize, batchTimeout, overflow };
  let engine: FlowEngine;
  let home: HomeEngine;
  try {
    home = new HomeEngine(full, (core) => engine = new FlowEngine(queue, core));
  } catch (cause) {
    if (canStartThread()) throw cause;
    const all = { ...hooksOf(full), ...queue, shards: shards * threads, spread };
    const bus = createFlowBus<M>(all as object);
    const here = FLOW_ENGINES.get(bus)!;
    let isServing = false;
    const stages = createStageNamer(here.context, () => isServing);
    const ready = serveHere(Object.assign(bus, { stages }), here, cause);
    ready.then(() => isServing = true, () => {});
    return Object.assign(bus, { ready });
  }
  const face = new EventBus(home.core, { engine: "flow", threads, transport: home.transport });
  const emitBatch = face.emitBatch.bind(face);
  Object.assign(engine!, {
    feed: {
      pull: (signal: AbortSignal | undefined) => flushShards([home.flushes], signal),
      discard: () => [],
    },
    sender: home,
  });
  FLOW_ENGINES.set(face, engine!);
  return completeFlowBus(face, engine!, {
    emitBatch: (events: readonly BusEvent[]) => home.outbox.batch(() => emitBatch(events)),
    enqueue: (event, options) => home.queue.enqueue(event, options),
    batchStats: () => engine.batchStats(home.books),
    ready: home.ready,
  }) as unknown as FlowBus<M>;
}
