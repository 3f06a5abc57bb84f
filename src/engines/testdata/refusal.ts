import { assertThrows } from "@std/assert";
import { BusClosedError } from "../../core/errors.ts";
import type { AnyBus } from "./kinds.ts";

/** Insists that a bus takes no event in any form. */
export function assertRefuses(bus: AnyBus): void {
  bus.stats();
  assertThrows(() => bus.emit("a"), BusClosedError, "Cannot emit 'a' as the bus is closed");
  assertThrows(() => bus.emit({ type: "nobody", data: 1 }), BusClosedError);
  assertThrows(() => bus.unsafeEmit("a"), BusClosedError);
  assertThrows(() => bus.emitBatch([]), BusClosedError, "emit a batch");
  assertThrows(() => bus.topic("a"), BusClosedError);
  assertThrows(() => bus.prewarm([]), BusClosedError, "Cannot prewarm");
}
