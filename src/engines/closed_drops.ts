import type { BusCore } from "../core/bus_core.ts";

/** Drops events because the bus is closed, and says of which types they were. */
export function dropClosed(core: BusCore, types: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  core.ledger.dropped += types.length;
  for (const [type, count] of counts) core.reportDrop({ reason: "closed", count, type });
}
