import { createAsyncBus } from "../async.ts";
import { createFlowBus, type FlowOptions } from "../flow.ts";
import { createSyncBus } from "../sync.ts";
import type { BusOptions } from "../../core/bus_options.ts";
import type { Bus } from "../../core/contracts.ts";
import type { OpenEventMap } from "../../core/event.ts";

/** A bus of any kind. */
export type AnyBus = Bus<OpenEventMap>;

/** The kinds of bus whose common behaviour is pinned; each is made with the same options. */
export const KINDS: Record<string, (options?: BusOptions) => AnyBus> = {
  sync: createSyncBus,
  async: createAsyncBus,
  // Batches leave at once, so that whoever waits for a turn of the event loop need not wait longer.
  flow: (options = {}) => createFlowBus(options && { batchTimeout: 0, ...options as FlowOptions }),
};

/** Emits events of one type, with their numbers as data. */
export function fill(bus: AnyBus, count: number, type = "a"): void {
  for (let data = 0; data < count; data++) bus.emit({ type, data });
}
