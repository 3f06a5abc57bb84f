/**
 * Patterns: `*` is exactly one segment, `**` is any number of them, also none.
 *
 * @module
 */

import { forSync, PatternError } from "@beat/beat";

const bus = forSync();
const patterns = ["order.paid", "order.*", "order.**", "**.paid", "*.*.paid", "**"];

let matching: string[] = [];
for (const pattern of patterns) bus.on(pattern, () => matching.push(pattern));

for (const type of ["order.paid", "order.eu.paid", "order", "ping"]) {
  matching = [];
  bus.emit(type);
  console.log(type.padEnd(14), matching.join("  "));
}

// Handlers run in the order of their subscription, whatever their patterns are. A star stands for
// whole segments only.
try {
  bus.on("order.pa*", () => {});
} catch (error) {
  if (error instanceof PatternError) console.log(error.message);
}
