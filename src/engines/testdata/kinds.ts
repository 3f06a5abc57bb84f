import { createAsyncBus } from "../async.ts";
import { createSyncBus } from "../sync.ts";
import type { Bus, BusOptions } from "../../core/contracts.ts";
import type { OpenEventMap } from "../../core/event.ts";

/** A bus of any kind. */
export type AnyBus = Bus<OpenEventMap>;

/** The kinds of bus whose common behaviour is pinned; each is made with the same options. */
export const KINDS: Record<string, (options?: BusOptions) => AnyBus> = {
  sync: createSyncBus,
  async: createAsyncBus,
};

/** Emits events of one type, with their numbers as data. */
export function fill(bus: AnyBus, count: number, type = "a"): void {
  for (let data = 0; data < count; data++) bus.emit({ type, data });
}
