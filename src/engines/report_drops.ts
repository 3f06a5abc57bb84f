import type { BusCore } from "../core/bus_core.ts";
import type { DropReport } from "../core/bus_options.ts";

/** Says of which types the events were that have been dropped: one report for each. */
export function reportDrops(
  core: BusCore,
  types: readonly string[],
  reason: DropReport["reason"],
): void {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const [type, count] of counts) core.reportDrop({ reason, count, type });
}

/** Drops events because the bus is closed, and says of which types they were. */
export function dropClosed(core: BusCore, types: readonly string[]): void {
  core.ledger.dropped += types.length;
  reportDrops(core, types, "closed");
}

/** Types of which a drop is printed. */
const MAX_PRINTED = 1_000;

/** The `onDrop` of a bus that was given none: prints what failed threads drop, once of each type. */
export function printFailedDrops(): (report: DropReport) => void {
  const printed = new Set<string>();
  return ({ reason, type }) => {
    if (reason !== "thread-failed" || printed.has(type) || printed.size === MAX_PRINTED) return;
    printed.add(type);
    console.error(`Cannot handle '${type}' as its thread has failed`);
  };
}
