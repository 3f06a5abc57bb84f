/**
 * The side of the measured bus that runs in threads: what each one does follows from its index.
 *
 * @module
 */
import { serve, type WorkerBus } from "../../src/engines/worker.ts";

/** All data is bytes. */
export interface Shapes {
  unicast: Uint8Array;
  first: Uint8Array;
  second: Uint8Array;
  third: Uint8Array;
  all: Uint8Array;
  split: Uint8Array;
  left: Uint8Array;
  right: Uint8Array;
}

serve<Shapes>((bus, { index }) => {
  const add = createAdder(bus);
  add("all", true);
  if (index === 0) {
    add("unicast");
    bus.on("first", ({ data }) => bus.emit("second", data));
    bus.on("split", ({ data }) => bus.emit("left", data), { each: true });
  } else if (index === 1) {
    bus.on("second", ({ data }) => bus.emit("third", data));
    bus.on("split", ({ data }) => bus.emit("right", data), { each: true });
  } else {
    add("third");
    joinSides(bus);
  }
});

/** Subscribes handlers that add up what comes. */
function createAdder(bus: WorkerBus<Shapes>): (type: keyof Shapes, each?: boolean) => void {
  let sum = 0;
  return (type, each = false) => {
    bus.on(type, ({ i32, offset }) => void (sum += i32[offset >> 2]!), { zeroCopy: true, each });
    console.assert(!Number.isNaN(sum));
  };
}

/** An event has come when both sides of it have. */
function joinSides(bus: WorkerBus<Shapes>): void {
  const seen = { left: 0, right: 0 };
  let joined = 0;
  const join = (side: keyof typeof seen) => {
    seen[side]++;
    joined = Math.min(seen.left, seen.right);
    console.assert(joined >= 0);
  };
  bus.on("left", () => join("left"));
  bus.on("right", () => join("right"));
}
