/**
 * A bus that knows its events: the compiler checks names and data, and narrows by `event.type`.
 *
 * @module
 */

import { forSync } from "@beat/beat";

interface Shop {
  "order.placed": { id: string; total: number };
  "order.cancelled": { id: string; reason: string };
  "shop.closed": void;
}

const bus = forSync<Shop>();

// `event` is the union of what the pattern matches; comparing the type tells which one it is.
bus.on("order.*", (event) => {
  if (event.type === "order.placed") console.log(event.data.id, "costs", event.data.total);
  else console.log(event.data.id, "was cancelled:", event.data.reason);
});
bus.on("shop.closed", () => console.log("closed"));

bus.emit("order.placed", { id: "A-1", total: 12.5 });
bus.emit("order.cancelled", { id: "A-1", reason: "out of stock" });
bus.emit("shop.closed");

// A handle for one type skips the look-up, which is worth it in a loop.
const placed = bus.topic("order.placed");
for (const total of [1, 2]) placed.emit({ id: `B-${total}`, total });

function refused(): void {
  // @ts-expect-error: no event of the map matches, and the message says so
  bus.on("ordr.*", () => {});
  // @ts-expect-error: the total is missing
  bus.emit("order.placed", { id: "A-2" });
}
console.log("The compiler finds two mistakes in", refused.name);
