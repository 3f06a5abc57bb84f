import type { BusEvent } from "../core/event.ts";

/** The key of an event; one that cannot be read is none. */
export function keyOf(event: BusEvent): string | undefined {
  try {
    return event.key;
  } catch {
    return undefined;
  }
}
