/**
 * This project's buses for the questions, and how they are used before they are measured.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { forAsync, forFlow, forSync } from "../../mod.ts";
import type { AsyncBus, FlowBus, FlowOptions, SyncBus } from "../../mod.ts";
import type { BenchMap } from "./events.ts";
import { createOtherEvents, repeat, subscribeOthers } from "./used.ts";

/** The synchronous engine. */
export function createSyncBus(): SyncBus<BenchMap> {
  return forSync<BenchMap>();
}

/** The queueing engine in one thread. */
export function createAsyncBus(): AsyncBus<BenchMap> {
  return forAsync<BenchMap>();
}

/** The same engine by its other door. */
export function createDeferredBus(): AsyncBus<BenchMap> {
  return forSync<BenchMap>({ deferred: true });
}

/** The flow engine in one thread. */
export function createFlowBus(options: FlowOptions = {}): FlowBus<BenchMap> {
  return forFlow<BenchMap>(options as FlowOptions<BenchMap>);
}

/** Uses every way to emit of the synchronous engine. */
export async function useSyncBus(): Promise<void> {
  const bus = createSyncBus();
  const events = createOtherEvents();
  subscribeOthers((type, handler) => {
    bus.on(type, handler).unsubscribe();
    return bus.on(type, handler);
  });
  const topics = events.map((event) => bus.topic(event.type));
  await repeat(() => {
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      bus.emit(event);
      bus.emit(event.type, event.data);
      bus.unsafeEmit(event);
      topics[i]!.emit(event.data);
      topics[i]!.dispatch(event);
      topics[i]!.unsafeDispatch(event);
    }
    bus.emitBatch(events);
  });
  await bus.close();
}

/** Uses every way to emit of the queueing engine, waiting for the handlers after each round. */
export async function useAsyncBus(): Promise<void> {
  const bus = createAsyncBus();
  const events = createOtherEvents();
  subscribeOthers((type, handler) => bus.on(type, handler));
  const topics = events.map((event) => bus.topic(event.type));
  await repeat(async () => {
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      bus.emit(event);
      bus.emit(event.type, event.data);
      topics[i]!.dispatch(event);
    }
    bus.emitBatch(events);
    // Every 1 024 events it waits for a turn of the event loop, which microtasks would never allow.
    while (bus.stats().depth > 0) await new Promise((resolve) => setImmediate(resolve));
  });
  await bus.close();
}

/** Uses every way through the flow engine: with and without stages, event by event and by batch. */
export async function useFlowBus(): Promise<void> {
  const plain = createFlowBus({ batchSize: 64 });
  const staged = createFlowBus({
    batchSize: 64,
    shards: 2,
    stages: [(batch) => batch.filter((event) => event.data !== undefined)],
  });
  const events = createOtherEvents();
  for (const bus of [plain, staged]) {
    subscribeOthers((type, handler) => bus.on(type, handler));
    bus.onBatch("other.full1", (batch) => batch.length).unsubscribe();
  }
  await repeat(async () => {
    for (const bus of [plain, staged]) {
      for (const event of events) bus.emit(event);
      bus.emitBatch(events);
      await bus.flush();
    }
  });
  await Promise.all([plain.close(), staged.close()]);
}
